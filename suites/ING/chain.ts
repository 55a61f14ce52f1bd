import type { Problem } from '../../lib/observation/problem.ts'
import { type Chain, placeOfRule, type PlacedRule } from '../../lib/observe/ruleset.ts'
import type { AskedRule } from '../../lib/observe/who-decides.ts'
import type { PublishedPort } from '../../lib/swarm/cluster.ts'
import { ingressNamespace } from '../../lib/swarm/namespaces.ts'
import { markOfPort } from '../../lib/observe/balancer-marks.ts'
import { type Backend, balancingProblems } from '../scene/judging/balancer.ts'
import type { IngressTables } from './ingress-tables.ts'
import { choosesAtRandom, randomBackends } from '../../lib/observe/random-balancer.ts'
import { randomBalancingProblems } from '../scene/judging/random-balancer.ts'
import type { NamespaceState } from '../../lib/observe/host-state.ts'
import { gatewayBridgeName } from '../../lib/topology/swarm-defaults.ts'
import { type PortWay, wayOfPort } from '../../lib/observe/way-of-port.ts'

/** Where a published port leads on one node, as far as it could be followed. */
export interface ChainFinding {
  /** Address of ingress_sbox on docker_gwbridge. */
  readonly sandbox?: string
  readonly destination?: string
  readonly mark?: number
  readonly problems: readonly Problem[]
}

/** The node that is looked at, the service, and the network its tasks are reached on. */
export type ChainPlace = Required<Pick<Problem, 'node' | 'service' | 'network'>>

/**
 * Follows a published port through a node: DNAT to the ingress sandbox → mangle mark in the sandbox → IPVS service of
 * that mark → the running tasks.
 */
export function followChain(
  tables: IngressTables,
  port: PublishedPort,
  backends: readonly Backend[],
  place: ChainPlace,
): ChainFinding {
  const { sandbox } = tables
  const { node } = place
  const way = wayOfPort(tables, port)
  const where = { ...place, protocol: port.protocol.toUpperCase(), port: port.publishedPort }
  if (sandbox === undefined)
    return {
      problems: [{ code: 'ingress-sandbox-missing', kind: 'missed', node, subject: ingressNamespace }],
    }
  const mark = markOfPort(sandbox.firewall, port)
  const destination = way.fromOutside?.rule.leadsTo
  return {
    ...(way.sandbox === undefined ? {} : { sandbox: way.sandbox }),
    ...(destination === undefined ? {} : { destination }),
    ...(mark === undefined ? {} : { mark }),
    problems: [
      ...translationProblems(way, where),
      ...ownClientProblems(way, node),
      ...forwardingProblems(way, where),
      ...balancerOfPort(sandbox, port, backends, where),
    ],
  }
}

/** Where rules choose at random and do not say from what, whom they reach has to tell; see ING-02. */
function balancerOfPort(
  sandbox: NamespaceState,
  port: PublishedPort,
  backends: readonly Backend[],
  where: Where,
): Problem[] {
  if (choosesAtRandom(sandbox)) {
    const chosen = randomBackends(sandbox)
    const problems = chosen === undefined ? [] : randomBalancingProblems(chosen, port, backends, where)
    return problems.map((problem) => ({ subject: `nftables of ${ingressNamespace}`, ...problem }))
  }
  const mark = markOfPort(sandbox.firewall, port)
  if (mark === undefined)
    return [{ ...where, ...missed('port-not-marked', `mangle PREROUTING of ${ingressNamespace}`) }]
  return balancingProblems(sandbox.ipvs, mark, backends, where).map((problem) => ({
    subject: `IPVS of ${ingressNamespace}`,
    ...problem,
  }))
}

type Where = Omit<Problem, 'code' | 'kind'> & { readonly node: string; readonly port: number }

function missed<C extends Problem['code']>(code: C, subject: string) {
  return { code, kind: 'missed', subject } as const
}

/** Where DNAT leads, and where the sandbox is. */
function translationProblems(way: PortWay, where: Where): Problem[] {
  const absent: Problem[] =
    way.sandbox === undefined
      ? [{ ...missed('ingress-sandbox-not-on-bridge', gatewayBridgeName), node: where.node }]
      : []
  const none = way.fromOutside === undefined && way.fromNode === undefined && way.unasked.length === 0
  if (none) return [...absent, { ...where, ...missed('port-not-translated', 'nat') }]
  const isOne = way.fromNode !== undefined && way.fromNode.rule === way.fromOutside?.rule
  return [
    ...absent,
    ...ledProblems(way.fromOutside, way, 'nat PREROUTING', where),
    ...(isOne ? [] : ledProblems(way.fromNode, way, 'nat OUTPUT', where)),
  ]
}

function ledProblems(asked: AskedRule | undefined, way: PortWay, hook: string, where: Where): Problem[] {
  if (asked === undefined) return [{ ...where, ...missed('ingress-chain-not-reached', hook) }]
  const expected = `${way.sandbox}:${where.port}`
  const { table, chain, leadsTo = '' } = asked.rule
  // Where a rule computes its target, it is for packets to tell.
  return way.sandbox === undefined || leadsTo === expected || leadsTo.includes('?')
    ? []
    : [
        {
          ...{ ...where, code: 'port-translated-elsewhere', kind: 'seen', subject: `${table} ${chain}` },
          ...{ expected, observed: leadsTo },
        },
      ]
}

/**
 * What the host itself sends to 127.0.0.1 must come back to it where it is led to the mesh. Engines from 29.8 do not
 * lead it there: a proxy of theirs answers.
 */
function ownClientProblems({ fromLoopback, masquerades }: PortWay, node: string): Problem[] {
  return fromLoopback === undefined || masquerades
    ? []
    : [{ ...missed('own-traffic-not-masqueraded', 'nat POSTROUTING'), node }]
}

/** Where a rule that is not understood, or is for some senders, may accept it, packets have to tell. */
function forwardingProblems({ forwarding }: PortWay, where: Where): Problem[] {
  if (forwarding?.verdict !== 'drop' && forwarding?.verdict !== 'reject') return []
  if (forwarding.unless.some(({ rule }) => rule.verdict === 'accept')) return []
  const subject = describeDecider(forwarding.by)
  return [{ ...where, code: 'published-port-not-forwarded', kind: 'missed', subject }]
}

function describeDecider(by: PlacedRule | Chain | undefined): string {
  if (by === undefined) return 'nothing'
  return 'position' in by ? placeOfRule(by) : `the policy of ${by.table} ${by.name}`
}
