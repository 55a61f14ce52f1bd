import type { Unseen } from '../../../lib/observation/judgement.ts'
import { type Part, part } from '../../../lib/observation/part.ts'
import type { Polled } from '../../../lib/observation/polled.ts'
import { distinct, type Problem } from '../../../lib/observation/problem.ts'
import type { IpvsService } from '../../../lib/observe/host-state.ts'
import { ingressNamespace } from '../../../lib/swarm/namespaces.ts'
import { settledProblems } from '../polling/until-settled.ts'
import { balancingProblems } from './balancer.ts'

/** A balancer of a node: tasks that managers list as running, and what IPVS there has for them. */
export interface OtherBalancer {
  readonly node: string
  readonly service: string
  readonly network: string
  /** Address, or nothing of a published port. */
  readonly vip?: string
  readonly mark?: number
  /** Of that mark; null where there is none. */
  readonly ipvs: IpvsService | null
  /** Addresses of running tasks. */
  readonly tasks: readonly string[]
}

/** Where a port leads that a service publishes through the mesh. */
export interface OtherPort extends OtherBalancer {
  readonly protocol: string
  readonly port: number
  /** The sandbox's address on docker_gwbridge. */
  readonly sandbox?: string
  /** Where the first DNAT rule for it leads, as `ADDRESS:PORT`; `?` where it is computed. */
  readonly leadsTo?: string
  /** There is a rule that would lead it to the sandbox, and nothing leads to that rule. */
  readonly unasked?: true
  /** The rule or chain that drops it where it is forwarded. */
  readonly droppedBy?: string
}

/** Of a requirement: undefined in runs of before others were looked at. */
export type OthersPart = Part<Polled<OthersSeen>> | undefined

/** What every look showed, for one of the functions below. */
export function othersJudged(
  seen: OthersPart,
  problemsOf: (seen: OthersSeen) => Problem[],
): { readonly problems: readonly Problem[]; readonly unseen: readonly Unseen[] } {
  const what = 'services that are not of the run'
  if (seen === undefined) return { problems: [], unseen: [] }
  return 'got' in seen
    ? settledProblems(seen.got, problemsOf, what)
    : {
        problems: [],
        unseen: part({ manager: seen }, what).unseen.map(({ nodes: _, ...one }) => ({ ...one, nodes: [] })),
      }
}

/** What services are that the run did not make, as hosts and managers tell: names, ports and addresses alone. */
export interface OthersSeen {
  readonly ports: readonly OtherPort[]
  readonly balancers: readonly OtherBalancer[]
  /** Nodes of which something could not be read. */
  readonly unread: readonly string[]
  /** There are too many tasks to read them all; nothing was compared. */
  readonly cut?: true
}

export function otherPortProblems({ ports }: OthersSeen): Problem[] {
  return distinct(ports.flatMap((one) => [...translation(one), ...balancing(one)]))
}

export function otherBalancerProblems({ balancers }: OthersSeen): Problem[] {
  return distinct(balancers.flatMap(balancing))
}

function translation({ node, service, network, protocol, port, sandbox, ...way }: OtherPort): Problem[] {
  const where = { node, service, network, protocol: protocol.toUpperCase(), port }
  if (way.leadsTo === undefined)
    return [
      way.unasked === true
        ? { ...where, code: 'ingress-chain-not-reached', kind: 'missed', subject: 'nat PREROUTING' }
        : { ...where, code: 'port-not-translated', kind: 'missed', subject: 'nat' },
    ]
  const expected = `${sandbox ?? ''}:${port}`
  const elsewhere: Problem[] =
    sandbox === undefined || way.leadsTo === expected || way.leadsTo.includes('?')
      ? []
      : [
          {
            ...{ ...where, code: 'port-translated-elsewhere', kind: 'seen', subject: 'nat PREROUTING' },
            ...{ expected, observed: way.leadsTo },
          },
        ]
  const dropped: Problem[] =
    way.droppedBy === undefined
      ? []
      : [{ ...where, code: 'published-port-not-forwarded', kind: 'missed', subject: way.droppedBy }]
  return [...elsewhere, ...dropped]
}

function balancing(one: OtherBalancer | OtherPort): Problem[] {
  const { node, service, network, vip, mark, ipvs, tasks } = one
  const isPort = 'port' in one
  const where = {
    ...{ node, service, network },
    ...(isPort ? { protocol: one.protocol.toUpperCase(), port: one.port } : {}),
    ...(vip === undefined ? {} : { address: vip }),
  }
  if (isPort && mark === undefined)
    return [
      {
        ...where,
        code: 'port-not-marked',
        kind: 'missed',
        subject: `mangle PREROUTING of ${ingressNamespace}`,
      },
    ]
  const backends = tasks.map((address) => ({ name: `${service} ${address}`, address }))
  return balancingProblems(ipvs === null ? [] : [withoutEnding(ipvs, tasks)], mark, backends, where)
}

/** A task that is told to stop stays with weight 0 for as long as its operator lets it take. */
function withoutEnding(ipvs: IpvsService, tasks: readonly string[]): IpvsService {
  return {
    ...ipvs,
    destinations: ipvs.destinations.filter(({ address, weight }) => weight > 0 || tasks.includes(address)),
  }
}
