import type { StackSpec } from '../topology/topology.ts'
import type { OverlayNetwork, Service, Task } from './cluster.ts'
import type { ProbeTask } from './probe-task.ts'
import type { NetworkRole, ServiceRole } from '../observation/facts.ts'

/**
 * The stack under test, the same on every lab and on clusters somebody already has.
 *
 * | network | what it is for |
 * |---|---|
 * | clear  | given subnet and gateway, no encryption |
 * | secret | its encrypted twin |
 * | auto   | no subnet given |
 * | extra  | no subnet given; for what would burden the networks above |
 * | shop   | the default network of a stack deployed from a compose file |
 *
 * | service | networks | tasks | what it is for |
 * |---|---|---|---|
 * | web    | clear  | nodes − 1, one a node, VIP, published through ingress | VIP, balancing, mesh; one node has no task |
 * | rr     | clear  | one a node, dnsrr | full mesh; with web, two tasks on one host |
 * | vault  | secret | one a node, VIP | encryption |
 * | island | auto   | one, VIP | shares no overlay with the others |
 * | both   | clear, extra | one, VIP | a service on two overlays |
 * | dual   | extra  | two, one a node, VIP; publishes TCP and UDP on one port, and TCP by the short syntax on the next | publishing |
 * | here   | extra  | one, VIP; publishes in host mode | publishing past the mesh |
 * | front  | shop   | one a node, VIP | finds its neighbour by its short name |
 * | back   | shop   | one on a manager, VIP | a placement constraint |
 *
 * Ports published, see `stackPorts`: `web` the first, `dual` the second and the third, `here` the fourth.
 *
 * Every task serves HTTP on port 80, below a nonce: see `pagePath`. The page is its hostname, the other file is
 * `bulkBytes` bytes.
 */
export interface Stack {
  readonly networks: Readonly<Record<NetworkRole, OverlayNetwork>>
  readonly services: Readonly<Record<ServiceRole, Service>>
  readonly tasks: readonly Task[]
  /** What every task of it runs, as its services say it. */
  readonly probeTask: ProbeTask
  readonly bulkBytes: number
  readonly names: StackNames
}

/** Names of what the stack creates. */
export interface StackNames {
  /** Every name that a run gives begins with it and a hyphen. */
  readonly prefix: string
  readonly networks: Readonly<Record<Exclude<NetworkRole, 'ingress'>, string>>
  readonly services: Readonly<Record<ServiceRole, string>>
  /** Name of the stack deployed from a compose file; `docker stack` puts it before its names. */
  readonly composed: string
}

/** What labs are built with; their recipes rest on it. */
const usualPrefix = 'swp'

export function stackNames({ namePrefix: prefix = usualPrefix }: Pick<StackSpec, 'namePrefix'>): StackNames {
  const composed = `${prefix}-shop`
  return {
    prefix,
    networks: {
      clear: `${prefix}-clear`,
      secret: `${prefix}-secret`,
      auto: `${prefix}-auto`,
      extra: `${prefix}-extra`,
      shop: `${composed}_default`,
    },
    services: {
      web: `${prefix}-web`,
      rr: `${prefix}-rr`,
      vault: `${prefix}-vault`,
      island: `${prefix}-island`,
      both: `${prefix}-both`,
      dual: `${prefix}-dual`,
      here: `${prefix}-here`,
      front: `${composed}_front`,
      back: `${composed}_back`,
    },
    composed,
  }
}

export interface StackPorts {
  readonly web: number
  /** TCP and UDP on one port. */
  readonly dual: number
  /** TCP of the same service, by the short syntax. */
  readonly dualShort: number
  readonly here: number
}

export function stackPorts({ publishedPort, ports }: Pick<StackSpec, 'publishedPort' | 'ports'>): StackPorts {
  const [web = publishedPort, dual = web + 1, dualShort = web + 2, here = web + 3] = ports ?? []
  return { web, dual, dualShort, here }
}

/** Tasks of the stack that are attached to a network. */
export function tasksOn(stack: Stack, role: NetworkRole): readonly Task[] {
  const { name } = stack.networks[role]
  return stack.tasks.filter((task) => task.endpoints[name] !== undefined)
}
