import type { ProblemCode } from '../observation/codes.ts'
import { ingressNamespace } from '../swarm/namespaces.ts'
import { gossipPort } from '../topology/swarm-defaults.ts'
import { concerns } from './concerns.ts'
import type { Path } from '../observation/problem.ts'
import { culprits, type LabView, pathsOf, type Reported } from './lab-view.ts'

/** What a kernel lacks of a peer that gossip did not tell of, or that was given up. */
const entryCodes: ReadonlySet<ProblemCode> = new Set([
  'neighbour-missing',
  'neighbour-differs',
  'neighbour-stale',
  'forwarding-missing',
  'forwarding-differs',
  'forwarding-stale',
  'outbound-states-differ',
  'inbound-states-differ',
  'policies-differ',
])

/** What else nodes know of tasks and services of others by gossip alone, whatever becomes of packets to them. */
const toldCodes: ReadonlySet<ProblemCode> = new Set([
  ...entryCodes,
  'name-lacks-task',
  'name-lists-stranger',
  'name-lists-twice',
  'name-refused',
  'virtual-ip-not-resolved',
  'virtual-ip-not-alone',
  'balancer-lacks-service',
  'balancer-lacks-task',
  'balancer-lists-stranger',
  'peer-unknown',
  'peer-stale',
])

/** Whether a node was told otherwise than it is, late or never: no packet between tasks is in it. */
export const isToldByGossip = ({ code }: Pick<Reported, 'code'>): boolean => toldCodes.has(code)

/** Problems of gossip itself: datagrams, what engines say of them, connections to its port. */
export function isOfGossip({ code, port }: Pick<Reported, 'code' | 'port'>): boolean {
  return (
    code.startsWith('gossip-') ||
    code === 'udp-probes-failed' ||
    (code === 'connection-refused' && port === gossipPort)
  )
}

/** A connection that was tried between nodes while control traffic was recorded. */
interface Tried extends Path {
  readonly what: string
  readonly probe: { readonly outcome: string }
}

/** Ordered pairs of nodes whose connection to 7946/tcp was not made: CTL-02 judges it, also profiles without it try it. */
export function notConnected(lab: LabView): Path[] {
  const { reached = [] } = (lab.scene('control') ?? {}) as { readonly reached?: readonly Tried[] }
  const seen = reached.filter(({ what, probe }) => what === 'gossip' && probe.outcome !== 'connected')
  const judged = lab.everyProblem.filter(
    ({ code, port }) => code === 'connection-refused' && port === gossipPort,
  )
  return pathsOf([...seen.map(({ from, to }) => ({ path: { from, to } })), ...judged])
}

/** Nodes that account for all problems of gossip there are, whoever explained them; none where no few do. */
export function cutOffFromGossip(lab: LabView): string[] {
  return culprits(pathsOf(lab.everyProblem.filter(isOfGossip)), lab.nodeNames, lab.facts)
}

/**
 * What follows where nodes are told nothing by others and tell them nothing: names, balancers, published ports and entries
 * of tasks; and traffic, where kernels lack the entries for it.
 */
export function followsFromGossip(lab: LabView, nodes: readonly string[]): (problem: Reported) => boolean {
  const isTheirs = (problem: Reported): boolean => nodes.some((node) => concerns(problem, node))
  const lacksEntries = lab.everyProblem.some((problem) => entryCodes.has(problem.code) && isTheirs(problem))
  const followers = lacksEntries ? /^(DSC|LB|ING|VXL|OVL|MTU|ENC|CTL-0[47])/ : /^(DSC|LB-02|ING)/
  return (problem) =>
    isOfGossip(problem) ||
    (isTheirs(problem) &&
      (entryCodes.has(problem.code) || (problem.kind === 'missed' && followers.test(problem.requirement))))
}

/** The same of what others found at one node: problems of gossip between other nodes are not of it. */
export function followsFromGossipAt(lab: LabView, node: string): (problem: Reported) => boolean {
  const follows = followsFromGossip(lab, [node])
  return (problem) => follows(problem) && concerns(problem, node)
}

/**
 * Whether the engine of a node set up nothing of the routing mesh, while others did: services come to it by gossip, and none
 * came. Nobody removed rules there: IPVS has no service either.
 */
export function isUntoldOfServices({ kernelAfter = {} }: LabView, node: string): boolean {
  const balanced = (name: string): number | undefined =>
    kernelAfter[name]?.namespaces[ingressNamespace]?.ipvs.length
  return balanced(node) === 0 && Object.keys(kernelAfter).some((other) => (balanced(other) ?? 0) > 0)
}
