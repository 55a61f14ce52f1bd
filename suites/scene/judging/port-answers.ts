import { outcomeSeen, type ProbeSeen } from '../../../lib/observation/probe-seen.ts'
import type { Problem } from '../../../lib/observation/problem.ts'
import { groupBy } from './group-by.ts'

/** A connection to a published port of a node, or a datagram, from the namespace of a node; both by name. */
export interface PortProbe {
  readonly from: string
  readonly to: string
  readonly probe: ProbeSeen
}

/** All connections or datagrams of one node to one port of one node. */
export interface PortAnswers {
  readonly from: string
  readonly to: string
  readonly address: string
  readonly port: number
  readonly protocol: 'TCP' | 'UDP'
  readonly sent: number
  readonly answered: number
  /** What answered connections, by the body it gave: the host name of a task. */
  readonly by: readonly string[]
  /** Datagrams that came back with other bytes. */
  readonly altered: number
  /** Of the first that was not answered; empty where all were. */
  readonly silence: string
}

export function portAnswers(probes: readonly PortProbe[]): PortAnswers[] {
  const places = groupBy(probes, ({ from, to, probe }) => `${from} ${to} ${probe.kind} ${probe.port}`)
  return [...places.values()].flatMap((group) => {
    const [first] = group
    return first === undefined ? [] : [gathered(first, group)]
  })
}

function gathered({ from, to, probe }: PortProbe, group: readonly PortProbe[]): PortAnswers {
  const isUdp = probe.kind === 'udp'
  const by = isUdp ? [] : group.flatMap((one) => answersOf(one.probe))
  const echoes = group.filter((one) => one.probe.outcome === 'answered')
  const silent = group.find((one) => isSilent(one.probe))
  return {
    ...{ from, to, address: probe.to, port: probe.port ?? 0, protocol: isUdp ? 'UDP' : 'TCP' },
    sent: group.reduce((sum, one) => sum + Math.max(1, one.probe.replies.length), 0),
    ...{ answered: isUdp ? echoes.length : by.length, by },
    altered: isUdp ? echoes.filter((one) => one.probe.echoed !== true).length : 0,
    silence: silent === undefined ? '' : silenceOf(silent.probe),
  }
}

/** What HTTP answers a probe got: one body each connection that was answered. */
export function answersOf({ replies }: Pick<ProbeSeen, 'replies'>): string[] {
  return replies.filter((reply) => reply !== '')
}

function isSilent(probe: ProbeSeen): boolean {
  return probe.outcome !== 'answered' || (probe.kind === 'tcp' && probe.replies.includes(''))
}

/** A connection may be taken and closed without a word. */
function silenceOf(probe: ProbeSeen): string {
  return probe.outcome === 'answered' ? 'closed without an answer' : outcomeSeen(probe)
}

/** Who should answer on a published port. */
export interface BehindPort {
  readonly service: string
  readonly hostnames: ReadonlySet<string>
}

/** A client on the node itself takes another way than one outside: nat OUTPUT instead of PREROUTING. */
export function portProblems(answers: PortAnswers, { service, hostnames }: BehindPort): Problem[] {
  const { from, to, address, port, protocol, sent, answered, by, altered, silence } = answers
  const place = { node: to, service, protocol, address, port }
  const where = from === to ? place : { ...place, path: { from, to } }
  const strangers = [...new Set(by)].filter((hostname) => !hostnames.has(hostname))
  const silent: Problem = {
    ...{ ...where, code: from === to ? 'own-port-not-answered' : 'port-not-answered', kind: 'missed' },
    observed: `${sent - answered} of ${sent} (${silence})`,
  }
  return [
    ...(answered < sent ? [silent] : []),
    ...strangers.map((stranger): Problem => ({
      ...{ ...where, code: 'answered-by-another', kind: 'seen' },
      ...{ expected: service, observed: stranger.slice(0, 60) },
    })),
    ...(altered > 0
      ? [{ ...where, code: 'altered-on-the-way', kind: 'seen', observed: altered } as const]
      : []),
  ]
}
