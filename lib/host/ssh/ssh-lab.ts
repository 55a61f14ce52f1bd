import { SwarmproofError, unknownName } from '../../error.ts'
import type { Host, Lab } from '../host.ts'
import type { KnownHost } from './known-host.ts'
import type { Described } from './to-topology.ts'

/**
 * Hosts that somebody has, as a lab. It is its owner's: nothing is saved or kept, and disposing it closes the
 * connections to the hosts and nothing else.
 */
export function sshLab(id: string, described: Described, known: readonly KnownHost[]): Lab {
  const { topology, hosts } = described
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
      architectures: [...new Set(known.map(({ facts }) => facts.architecture))].join(', '),
      systems: [...new Set(known.map(({ facts }) => facts.engine.operatingSystem))].join(', '),
    },
    keep: () => refuse('keeping a lab'),
    sshArguments: (name) => sshArguments(name, hosts, known),
    [Symbol.asyncDispose]: () =>
      (disposed ??= Promise.allSettled(known.map(({ remote }) => remote[Symbol.asyncDispose]())).then(
        () => undefined,
      )),
  }
}

function sshArguments(name: string, hosts: readonly Host[], known: readonly KnownHost[]): readonly string[] {
  const destination = known[hosts.findIndex((host) => host.name === name)]?.inventory.destination
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
