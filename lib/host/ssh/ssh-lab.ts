import { SwarmproofError, unknownName } from '../../error.ts'
import type { SshDestination } from '../../remote/open-ssh/destination.ts'
import type { Remote } from '../../remote/remote.ts'
import type { Host, Lab } from '../host.ts'

/** A host that somebody has, as far as its lab tells of it. */
interface ExistingHost {
  readonly remote: Remote
  readonly inventory: { readonly destination: SshDestination }
  readonly facts: { readonly architecture: string; readonly engine: { readonly operatingSystem: string } }
}

/**
 * Hosts that somebody has, as a lab. It is its owner's: nothing is saved or kept, and disposing it closes the
 * connections to the hosts and nothing else. `existing` are in the order of its hosts.
 */
export function sshLab(
  id: string,
  { topology, hosts }: Pick<Lab, 'topology' | 'hosts'>,
  existing: readonly ExistingHost[],
): Lab {
  let disposed: Promise<void> | undefined
  const refuse = (what: string): Promise<never> =>
    Promise.reject(
      new SwarmproofError({ code: 'NOT_OUR_HOSTS', what: `${what} is for labs that swarmproof made` }),
    )
  return {
    id,
    topology,
    hosts,
    startedFrom: 'found',
    facts: {
      hosts: 'somebody’s own, over SSH',
      architectures: [...new Set(existing.map(({ facts }) => facts.architecture))].join(', '),
      systems: [...new Set(existing.map(({ facts }) => facts.engine.operatingSystem))].join(', '),
    },
    saveStanding: async () => undefined,
    dropStanding: async () => undefined,
    keep: () => refuse('keeping a lab'),
    sshArguments: (name) => sshArguments(name, hosts, existing),
    [Symbol.asyncDispose]: () =>
      (disposed ??= Promise.allSettled(existing.map(({ remote }) => remote[Symbol.asyncDispose]())).then(
        () => undefined,
      )),
  }
}

function sshArguments(
  name: string,
  hosts: readonly Host[],
  existing: readonly ExistingHost[],
): readonly string[] {
  const destination = existing[hosts.findIndex((host) => host.name === name)]?.inventory.destination
  if (destination === undefined)
    throw unknownName(
      'host',
      name,
      hosts.map((host) => host.name),
    )
  const { user, port, identityFiles = [], proxyJump, hostname, configFile, options = [] } = destination
  return [
    ...(configFile === undefined ? [] : ['-F', configFile]),
    ...identityFiles.flatMap((file) => ['-i', file]),
    ...(port === undefined ? [] : ['-p', String(port)]),
    ...(proxyJump === undefined ? [] : ['-J', proxyJump]),
    ...options.flatMap((option) => ['-o', option]),
    user === undefined ? hostname : `${user}@${hostname}`,
  ]
}
