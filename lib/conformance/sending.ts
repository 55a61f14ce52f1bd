import type { ClusterFacts, NetworkFacts, NodeFacts, ServiceFacts, TaskFacts } from '../observation/facts.ts'
import type { NetworkRole, ServiceRole } from '../observation/facts.ts'

/** Of a lab's facts those that decide how much is sent on it. */
export interface SendingFacts extends Pick<ClusterFacts, 'dataPathPort' | 'pairs'> {
  readonly nodes: readonly Pick<NodeFacts, 'name' | 'role' | 'takesTasks'>[]
  readonly networks: Readonly<Record<Exclude<NetworkRole, 'ingress'>, Pick<NetworkFacts, 'name'>>> & {
    readonly ingress?: Pick<NetworkFacts, 'name'>
  }
  readonly services: Readonly<Record<ServiceRole, Pick<ServiceFacts, 'name' | 'published'>>>
  readonly tasks: readonly Pick<TaskFacts, 'service' | 'node' | 'endpoints'>[]
}

/** A lab on which something is to be sent. */
export interface SendingLab {
  readonly facts: SendingFacts
  /** The kernels carry the encrypted network. */
  readonly encrypts: boolean
  /** The kernels balance: virtual IPs and the routing mesh answer. */
  readonly balances: boolean
  /** The balancers choose at random instead of in turn. */
  readonly random: boolean
}

/**
 * How many probes are sent on a lab that is sound: echoes, datagrams and connections, each repeat counted. Datagrams of
 * bursts are none. What is sent again and again until something shows is counted by how often that was seen to need.
 */
export type CountProbes = (lab: SendingLab) => number

/** What a requirement has sent: by a scene that it may share with others, or by itself. */
export interface Sending {
  /** Of the scene, or the id of the requirement. */
  readonly key: string
  readonly probes: CountProbes
}

/** Probes that these requirements send together on a lab, each scene once. */
export function probesOf(tests: readonly { readonly sends?: readonly Sending[] }[], lab: SendingLab): number {
  const rules = new Map(tests.flatMap(({ sends = [] }) => sends.map(({ key, probes }) => [key, probes])))
  return [...rules.values()].reduce((sum, probes) => sum + probes(lab), 0)
}
