import { addressIn, type ClusterFacts, type TaskFacts, taskName } from '../../../lib/observation/facts.ts'
import { outcomeSeen } from '../../../lib/observation/probe-seen.ts'
import type { Problem } from '../../../lib/observation/problem.ts'
import { answersOf, portAnswers, portProblems } from './port-answers.ts'
import type { GivenLook, Reshaping, TakenLook } from '../experiments/reshaping-looks.ts'
import type { Looked } from '../experiments/reshaping-probes.ts'

/** What is not so yet, or wrong, of a service that was given two networks: attached, found by name, answering. */
export function givenNetworkProblems(
  { task, looked }: GivenLook,
  { service, own, extra }: Reshaping,
  facts: Pick<ClusterFacts, 'tasks'>,
): Problem[] {
  const absent = [own, extra].filter((name) => addressIn(task, { name }) === '')
  if (absent.length > 0)
    return absent.map((network) => ({
      ...{ code: 'task-not-attached', kind: 'missed', node: task.node },
      ...{ network, service, subject: taskName(task) },
    }))
  const expected = addressIn(task, { name: extra })
  return looked.flatMap((one): Problem[] => {
    const where = { ...placeOf(one, facts), network: extra, service }
    if (one.what === 'http') return httpProblems(one, task, where)
    if (one.what !== 'name') return []
    const { probe } = one
    if (probe.dns === undefined)
      return [{ ...where, code: 'name-not-answered', kind: 'missed', observed: outcomeSeen(probe) }]
    return probe.dns.addresses.includes(expected)
      ? []
      : [
          {
            ...{ ...where, code: 'name-lacks-task', kind: 'missed', address: expected },
            ...{ subject: taskName(task), observed: probe.dns.addresses.join(', ') || probe.dns.rcode },
          },
        ]
  })
}

function httpProblems({ probe }: Looked, task: TaskFacts, where: Omit<Problem, 'code' | 'kind'>): Problem[] {
  const asked = {
    ...{ ...where, protocol: 'TCP', address: probe.to },
    ...(probe.fromNode === task.node ? {} : { path: { from: probe.fromNode, to: task.node } }),
  }
  if (probe.outcome !== 'answered')
    return [{ ...asked, code: 'not-delivered', kind: 'missed', observed: outcomeSeen(probe) }]
  const [answered = 'no HTTP'] = answersOf(probe)
  return answered === task.hostname
    ? []
    : [{ ...asked, code: 'answered-by-another', kind: 'seen', expected: task.hostname, observed: answered }]
}

/** What is not so yet, or wrong, of a service that was given a port: every node must give its task's answer. */
export function givenPortProblems(
  { publishedPort, task, looked }: GivenLook,
  { service, manager }: Pick<Reshaping, 'service' | 'manager'>,
): Problem[] {
  if (publishedPort === null)
    return [{ code: 'published-port-missing', kind: 'missed', node: manager, service }]
  const behind = { service, hostnames: new Set([task.hostname]) }
  return portAnswers(portProbes(looked)).flatMap((answers) => portProblems(answers, behind))
}

/** What still is there of a network that was taken away. */
export function takenNetworkProblems(
  { task, looked }: TakenLook,
  { service, own, extra }: Reshaping,
  facts: Pick<ClusterFacts, 'tasks'>,
): Problem[] {
  const home = { node: task.node, service, subject: taskName(task) }
  return [
    ...(addressIn(task, { name: extra }) === ''
      ? []
      : [{ ...home, code: 'task-still-attached', kind: 'seen', network: extra } as const]),
    ...(addressIn(task, { name: own }) === ''
      ? [{ ...home, code: 'task-not-attached', kind: 'missed', network: own } as const]
      : []),
    ...looked.flatMap((one): Problem[] => {
      const { what, probe } = one
      const where = { ...placeOf(one, facts), network: extra, service, kind: 'seen' } as const
      if (what === 'name')
        return (probe.dns?.addresses ?? []).map((address) => ({
          ...{ ...where, code: 'name-still-found', subject: one.to, address },
        }))
      return what === 'echo' && probe.outcome === 'answered'
        ? [{ ...where, code: 'former-address-answers', protocol: 'ICMP', address: probe.to }]
        : []
    }),
  ]
}

interface Former {
  readonly former: TaskFacts
  readonly formerPort: number | null
}

/** Nodes on which the service's tasks still answer a port that is published no more. */
export function takenPortProblems(
  { task, looked }: TakenLook,
  { former, formerPort }: Former,
  { service }: Pick<Reshaping, 'service'>,
): Problem[] {
  const own = [task, former]
  return formerPort === null
    ? []
    : portAnswers(portProbes(looked)).flatMap(({ from, to, address, port, by }): Problem[] => {
        const answered = own.find(({ hostname }) => by.includes(hostname))
        if (answered === undefined) return []
        return [
          {
            ...{ code: 'published-port-still-answered', kind: 'seen', node: to, service },
            ...(from === to ? {} : { path: { from, to } }),
            ...{ protocol: 'TCP', address, port, observed: taskName(answered) },
          },
        ]
      })
}

function portProbes(looked: readonly Looked[]): Looked[] {
  return looked.filter(({ what }) => what === 'port')
}

/** The resolver and the way of the task that asks. */
function placeOf({ from, to, probe }: Looked, { tasks }: Pick<ClusterFacts, 'tasks'>) {
  const asking = tasks.find(({ id }) => id === from)
  return { node: probe.fromNode, ends: { from: asking === undefined ? probe.from : taskName(asking), to } }
}
