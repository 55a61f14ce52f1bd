import { InputError, SwarmproofError } from '../error.ts'
import type { InventoryHost } from './inventory.ts'
import type { KnownHost } from './known-host.ts'
import { refuseIPv6 } from './own-addresses.ts'
import { type ReachedHost, reachHosts, type ReachOptions } from './reach-hosts.ts'
import { readSwarmNodes, type SwarmNode } from './swarm-nodes.ts'

/** A running swarm whose every node that is up was reached. */
export interface FoundSwarm {
  readonly hosts: readonly KnownHost[]
  readonly nodes: readonly SwarmNode[]
  /** A manager that answers. */
  readonly manager: KnownHost
  readonly warnings: readonly string[]
}

/** A running swarm, as far as its nodes can be reached. */
export interface ReachedSwarm extends FoundSwarm {
  /** Nodes that are up and were not reached, or at whose address another machine answers. */
  readonly unreached: readonly Unreached[]
}

export interface Unreached {
  readonly host: string
  readonly error: SwarmproofError
}

/**
 * Completes the hosts of a running swarm from its own node list: nodes that nobody named are reached as the manager
 * was, by the same user, port, keys and jump hosts.
 * @throws InputError when the hosts are in no swarm, in several, or some are in none, or their swarm is over IPv6
 * @throws SwarmproofError that names each node that cannot be reached, with what to do
 */
export async function discoverNodes(given: readonly KnownHost[], options: ReachOptions): Promise<FoundSwarm> {
  refuseIPv6(given)
  const { failed, mistaken, ...found } = await lookForNodes(given, options)
  if (failed.length > 0) throw unreachable(failed, found.manager)
  const [first] = mistaken
  if (first !== undefined) throw first.error
  return found
}

/**
 * The same, for those who go on without the nodes that cannot be reached.
 * @throws InputError when the hosts are in no swarm, in several, or some are in none
 */
export async function reachNodes(given: readonly KnownHost[], options: ReachOptions): Promise<ReachedSwarm> {
  const { failed, mistaken, ...found } = await lookForNodes(given, options)
  const unreached = failed.map((one) => ({
    host: one.inventory.name,
    error: unreachable([one], found.manager),
  }))
  return { ...found, unreached: [...unreached, ...mistaken] }
}

type Failed = ReachedHost & { readonly ok: false }

async function lookForNodes(
  given: readonly KnownHost[],
  options: ReachOptions,
): Promise<FoundSwarm & { readonly failed: readonly Failed[]; readonly mistaken: readonly Unreached[] }> {
  const manager = managerOf(given)
  const nodes = await readSwarmNodes(manager)
  refuseStrangers(given, nodes, manager)
  const warnings: string[] = []
  const missing = nodes.filter(({ id }) => !given.some(({ facts }) => facts.swarm.nodeId === id))
  const down = missing.filter(({ state }) => state !== 'ready')
  for (const { hostname, state } of down) {
    warnings.push(`node ${hostname} is ${state} in the swarm's own list; it is not verified`)
  }
  const wanted = missing.filter((node) => !down.includes(node))
  const reached = await reachHosts(
    wanted.map((node) => likeSeed(node, manager, given)),
    options,
  )
  const failed: Failed[] = []
  const found: KnownHost[] = []
  const mistaken: Unreached[] = []
  for (const [index, one] of reached.entries()) {
    const error = one.ok ? impostor(one.host, wanted[index], manager) : undefined
    if (!one.ok) failed.push(one)
    else if (error === undefined) found.push(one.host)
    else mistaken.push({ host: one.host.inventory.name, error })
  }
  const hosts = [...given, ...found].map((host) => withRole(host, nodes))
  return { hosts, nodes, manager, warnings, failed, mistaken }
}

function managerOf(hosts: readonly KnownHost[]): KnownHost {
  const states = hosts.map(({ inventory, facts }) => `${inventory.name}: ${facts.swarm.state}`).join(', ')
  const broken = hosts.find(({ facts }) => ['locked', 'error', 'pending'].includes(facts.swarm.state))
  if (broken !== undefined) {
    const { state, error } = broken.facts.swarm
    throw new SwarmproofError({
      code: 'SWARM_NOT_ACTIVE',
      what: `the swarm on this host is not active but ${state}`,
      host: broken.inventory.name,
      ...(error === '' ? {} : { observed: error }),
      hint: state === 'locked' ? 'docker swarm unlock' : 'docker info; journalctl -u docker -n 50',
    })
  }
  const manager = hosts.find(({ facts }) => facts.swarm.isManager)
  if (manager !== undefined) return manager
  const some = hosts.some(({ facts }) => facts.swarm.state === 'active')
  throw new InputError({
    code: some ? 'NO_MANAGER_GIVEN' : 'NO_SWARM',
    what: some ? 'none of these hosts is a manager of its swarm' : 'no swarm runs on these hosts',
    observed: states,
    hint: some
      ? 'name at least one manager; the other nodes are found from it'
      : '--init builds one of them for the verification, and --leave takes it down again',
  })
}

function refuseStrangers(hosts: readonly KnownHost[], nodes: readonly SwarmNode[], manager: KnownHost): void {
  const strangers = hosts.filter(({ facts }) => !nodes.some(({ id }) => id === facts.swarm.nodeId))
  if (strangers.length === 0) return
  throw new InputError({
    code: 'NOT_IN_SWARM',
    what: `not in the swarm of ${manager.inventory.name}: ${strangers.map(({ inventory }) => inventory.name).join(', ')}`,
    expected: `its nodes: ${nodes.map(({ hostname }) => hostname).join(', ')}`,
    observed: strangers
      .map(
        ({ inventory, facts }) =>
          `${inventory.name}: ${facts.swarm.state === 'active' ? 'in another swarm' : 'in no swarm'}`,
      )
      .join(', '),
    hint: 'name hosts of one swarm, or hosts that are in none with --init',
  })
}

function likeSeed(node: SwarmNode, manager: KnownHost, taken: readonly KnownHost[]): InventoryHost {
  const isFree = !taken.some(({ inventory }) => inventory.name === node.hostname)
  const name = isFree ? node.hostname : `${node.hostname}-${node.id.slice(0, 5)}`
  return {
    name,
    role: node.role,
    destination: { ...manager.inventory.destination, name, hostname: node.address },
  }
}

/** An address may lead to another machine from here than it does for the swarm. */
function impostor(
  host: KnownHost,
  node: SwarmNode | undefined,
  manager: KnownHost,
): SwarmproofError | undefined {
  if (node === undefined || host.facts.swarm.nodeId === node.id) return undefined
  return new SwarmproofError({
    code: 'NODE_MISTAKEN',
    what: `${node.address} leads to another machine from here than for the swarm of ${manager.inventory.name}`,
    host: host.inventory.name,
    expected: `node ${node.id}`,
    observed: host.facts.swarm.nodeId === '' ? 'a host in no swarm' : `node ${host.facts.swarm.nodeId}`,
    hint: adviceFor(manager),
  })
}

function unreachable(failed: readonly Failed[], manager: KnownHost): SwarmproofError {
  const lines = failed.map(({ inventory, error }) => {
    const [first = ''] = error.message.split('\n')
    const address = inventory.destination.hostname || 'no address in the node list'
    return `- ${inventory.name} (${address}): ${first}`
  })
  return new SwarmproofError({
    code: 'NODES_UNREACHABLE',
    what: `${failed.length} ${failed.length === 1 ? 'node' : 'nodes'} of the swarm cannot be reached from here:\n${lines.join('\n')}`,
    hint: adviceFor(manager),
    cause: failed[0]?.error,
  })
}

function adviceFor({ inventory: { destination } }: KnownHost): string {
  const { user, hostname, port } = destination
  const jump = `${user === undefined ? '' : `${user}@`}${hostname}${port === undefined ? '' : `:${port}`}`
  return `name every node by an address that can be reached from here, or write an inventory in which they have \`jump: ${jump}\``
}

/** The node list is right about roles. */
function withRole(host: KnownHost, nodes: readonly SwarmNode[]): KnownHost {
  const role = nodes.find(({ id }) => id === host.facts.swarm.nodeId)?.role
  return role === undefined ? host : { ...host, inventory: { ...host.inventory, role } }
}
