import type { OverlayNetwork, Service, Task } from './cluster.ts'
/**
 * The stack under test, the same on every lab and on clusters somebody already has.
 *
 * | network | what it is for |
 * |---|---|
 * | clear  | given subnet and gateway, no encryption |
 * | secret | its encrypted twin |
 * | auto   | no subnet given |
 *
 * | service | networks | tasks | what it is for |
 * |---|---|---|---|
 * | web    | clear  | nodes − 1, one a node, VIP, published through ingress | VIP, balancing, mesh; one node has no task |
 * | rr     | clear  | one a node, dnsrr | full mesh; with web, two tasks on one host |
 * | vault  | secret | one a node, VIP | encryption |
 * | island | auto   | one, VIP | shares no overlay with the others |
 *
 * Every task serves HTTP on port 80: `/` is its hostname, `/bulk` is `bulkBytes` bytes.
 */
export interface Stack {
  readonly networks: {
    readonly clear: OverlayNetwork
    readonly secret: OverlayNetwork
    readonly auto: OverlayNetwork
    readonly ingress: OverlayNetwork
  }
  readonly services: {
    readonly web: Service
    readonly rr: Service
    readonly vault: Service
    readonly island: Service
  }
  readonly tasks: readonly Task[]
  readonly bulkBytes: number
}

/** Names of what the stack creates. */
export const stackNames = {
  networks: { clear: 'swp-clear', secret: 'swp-secret', auto: 'swp-auto' },
  services: { web: 'swp-web', rr: 'swp-rr', vault: 'swp-vault', island: 'swp-island' },
} as const

export type NetworkRole = keyof Stack['networks']

/** Tasks of the stack that are attached to a network. */
export function tasksOn(stack: Stack, role: NetworkRole): readonly Task[] {
  const { name } = stack.networks[role]
  return stack.tasks.filter((task) => task.endpoints[name] !== undefined)
}
