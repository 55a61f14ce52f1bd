import { requirement } from '../../lib/conformance/test.ts'
import { addressIn, taskName } from '../../lib/observation/facts.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import type { Problem } from '../../lib/observation/problem.ts'
import { undelivered } from '../scene/judging/delivery.ts'
import { moby } from '../source.ts'
import { type Attaching, attaching, firstLine, lacksImage, dockerRunCommand } from './attaching.ts'

export const attachableOnly = requirement({
  id: 'OVL-11',
  requirement: 'A standalone container joins only an `attachable` overlay.',
  source: [
    { document: 'Docker docs, Overlay network driver', section: 'Create an overlay network' },
    moby('api/swagger.yaml: Attachable of a network'),
  ],
  safety: 'production',
  needs: [],
  method:
    'On every node a container is run with docker run on an overlay that was created without --attachable, which the engine must refuse, and on one node another on an overlay of the test’s own that is attachable. That one must start, have an address in the network’s subnet, and reach a task of the network on another node by ICMP and TCP. The accepted container is the control for the refused one: same image, same node, same command but for the network.',
  usualCauses: [
    'the network was created without --attachable, or recreated without it by a stack file (attachable: true is missing)',
    'the data path between the container’s host and the task’s is blocked: see CTL-04',
    'a worker cannot reach a manager to ask for the attachment: see CTL-01',
  ],
  remedy: [
    'docker network inspect --format "{{.Attachable}}" NETWORK',
    'docker network create --driver overlay --attachable NETWORK; in a compose file: attachable: true',
  ],
  codes: ['change-accepted', 'change-refused', 'task-not-attached', 'not-delivered', 'answered-by-another'],
  changes: ['service', 'network'],
  quiet: [],
  ownTasks: 2,
  reads: [],
  probes: () => 2,
  observe: attaching,
  judge(seen) {
    const { closed, open, task, refused, accepted, reached } = seen
    const lacking = [...refused, ...accepted].filter(lacksImage)
    const joined = accepted.filter((one) => one.accepted)
    const told = refused.filter((one) => !lacksImage(one))
    return judgement({
      problems: [
        ...told
          .filter((one) => one.accepted)
          .map(({ node }): Problem => ({
            ...{ code: 'change-accepted', kind: 'seen', node, network: closed },
            subject: dockerRunCommand(closed),
          })),
        ...accepted
          .filter((one) => !one.accepted && !lacksImage(one))
          .map(({ node, words }): Problem => ({
            ...{ code: 'change-refused', kind: 'seen', node, network: open },
            ...{ subject: dockerRunCommand(open), observed: firstLine(words) },
          })),
        ...joined
          .filter((one) => addressIn(one, { name: open }) === '')
          .map(({ node, label }): Problem => ({
            ...{ code: 'task-not-attached', kind: 'missed', node, network: open, subject: label },
          })),
        ...reached.flatMap((one) => reachedProblem(one, seen) ?? []),
      ],
      unseen: lacking.map(({ node, words }) => ({
        ...{ what: 'a container of the probe image', nodes: [node], why: firstLine(words) },
      })),
      tables: {
        'docker run on an overlay that is not attachable': refused.map(inTable),
        'docker run on an attachable overlay': accepted.map(inTable),
        [`how ${taskName(task)} was reached`]: reached.map(({ protocol, probe }) => ({
          ...{ from: probe.from, protocol, outcome: probe.outcome },
        })),
      },
      conclusion:
        told.length === 0 || joined.length === 0
          ? ''
          : `${told.length} engines refused a container on ${closed}; on an attachable overlay ${joined.length} was accepted, on ${joined.map(({ node }) => node).join(', ')}, and reached ${taskName(task)} by ICMP and TCP`,
    })
  },
})

function reachedProblem(
  { protocol, probe }: Attaching['reached'][number],
  { open, task }: Attaching,
): Problem | undefined {
  return undelivered(probe, task.hostname, {
    path: { from: probe.fromNode, to: task.node },
    ends: { from: probe.from, to: taskName(task) },
    ...{ network: open, service: task.service, protocol: protocol.toUpperCase(), address: probe.to },
  })
}

function inTable({ node, accepted, endpoints, words }: Attaching['refused'][number]) {
  return accepted
    ? { node, accepted, networks: Object.keys(endpoints) }
    : { node, accepted, words: firstLine(words) }
}
