import type { OverlayNetwork, Service, Task } from './cluster.ts'
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
 * Ports published: `web` the topology's `publishedPort`, `dual` the two after it, `here` the third.
 *
 * Every task serves HTTP on port 80: `/` is its hostname, `/bulk` is `bulkBytes` bytes.
 */
export interface Stack {
  readonly networks: {
    readonly clear: OverlayNetwork
    readonly secret: OverlayNetwork
    readonly auto: OverlayNetwork
    readonly extra: OverlayNetwork
    readonly shop: OverlayNetwork
    readonly ingress: OverlayNetwork
  }
  readonly services: {
    readonly web: Service
    readonly rr: Service
    readonly vault: Service
    readonly island: Service
    readonly both: Service
    readonly dual: Service
    readonly here: Service
    readonly front: Service
    readonly back: Service
  }
  readonly tasks: readonly Task[]
  readonly bulkBytes: number
}

/** Names of what the stack creates. */
export const stackNames = {
  networks: {
    clear: 'swp-clear',
    secret: 'swp-secret',
    auto: 'swp-auto',
    extra: 'swp-extra',
    shop: 'swp-shop_default',
  },
  services: {
    web: 'swp-web',
    rr: 'swp-rr',
    vault: 'swp-vault',
    island: 'swp-island',
    both: 'swp-both',
    dual: 'swp-dual',
    here: 'swp-here',
    front: 'swp-shop_front',
    back: 'swp-shop_back',
  },
  /** Name of the stack deployed from a compose file; `docker stack` puts it before its names. */
  composed: 'swp-shop',
} as const

export type NetworkRole = keyof Stack['networks']

/** Tasks of the stack that are attached to a network. */
export function tasksOn(stack: Stack, role: NetworkRole): readonly Task[] {
  const { name } = stack.networks[role]
  return stack.tasks.filter((task) => task.endpoints[name] !== undefined)
}
