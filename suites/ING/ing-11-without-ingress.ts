import { requirement } from '../../lib/conformance/test.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import { ingressMissing } from '../scene/recordings/mesh.ts'
import { docs } from '../source.ts'
import { type IngressGap, observeGap } from './ingress-gap.ts'
import { lostProblems, probedProblems, sharesText, virtualIpConnectionProblems } from './gap-problems.ts'
import { refusalProblems, undecidedUnseen } from './refusal.ts'
import { acrossNodes, carried, sum } from '../scene/sending/counted.ts'

export const ingressRemoved = requirement({
  id: 'ING-11',
  requirement:
    'While no ingress exists, services that publish nothing go on working, and a service that publishes is refused.',
  source: [docs('Customize the ingress network')],
  safety: 'lab',
  needs: ['two-nodes'],
  method:
    'The services that publish through ingress are removed, then ingress itself. While there is none, the tasks of the services that publish nothing must be the same ones as before, reach each other on every network they share by ICMP and TCP, and resolve each other’s names. Connections to the virtual IP of one of them, from a task on every node, must be answered by its tasks; how they are shared is reported, not judged, for the documentation says that they are not balanced then, and engines with a balancer for each network go on. A service that publishes through ingress must be refused with an error that names it. Afterwards ingress and the services are put back as they were.',
  usualCauses: [
    'something was wrong with the networks before: see OVL-03 and DSC-02',
    'the engine was restarted while there was no ingress, and could not start its tasks again',
  ],
  remedy: [
    'docker service ps SERVICE: were tasks restarted, and why?',
    'docker network create --driver overlay --ingress ingress brings ingress back; then docker service update --force what publishes',
  ],
  codes: [
    'task-ended-without-ingress',
    'not-delivered',
    'answered-by-another',
    'name-lacks-task',
    'name-lists-stranger',
    'name-lists-twice',
    'name-not-answered',
    'name-refused',
    'connections-unanswered',
    'publishing-without-ingress-accepted',
    'refusal-unclear',
  ],
  changes: ['stack', 'service', 'network'],
  quiet: ['tasks', 'changes'],
  reads: [],
  probes: (lab) => 3 * sum(carried(lab), (role) => acrossNodes(lab, role)),
  observe: observeGap,
  judge(seen: IngressGap | null, facts) {
    if (seen === null) return judgement({ missing: ingressMissing(facts), conclusion: '' })
    const { services, before, meanwhile, restored, undone } = seen
    const { found, tasks, probed, byVirtualIp, refusal } = meanwhile
    const node = facts.manager
    const failed = probed.flatMap((one) => probedProblems(one, tasks))
    const isBack = undone === null && restored?.length === 1
    return judgement({
      problems: [
        ...lostProblems(before, tasks),
        ...failed,
        ...virtualIpConnectionProblems(byVirtualIp, tasks),
        // While there still was ingress, it was right to accept.
        ...(found.length > 0
          ? []
          : refusalProblems(refusal, {
              ...{ node, code: 'publishing-without-ingress-accepted' },
              ...{ names: /ingress/i, expected: 'ingress' },
            })),
      ],
      controls: [
        { name: 'ingress was removed', held: found.length === 0, observed: found.join(', ') || 'none left' },
      ],
      unseen: [
        ...undecidedUnseen([refusal], node),
        ...(isBack
          ? []
          : [
              {
                ...{ what: 'ingress put back as it was', nodes: [node] },
                ...(undone === null ? {} : { why: undone.message }),
              },
            ]),
      ],
      tables: {
        'ingress networks': { meanwhile: found, afterwards: restored },
        'tasks of services that publish nothing': { before: before.length, meanwhile: tasks.length },
        tried: { probes: probed.length, failed: failed.length },
        'not judged: shares of connections to a virtual IP, by client': sharesText(byVirtualIp, tasks),
        'answer to a service that publishes': refusal,
      },
      conclusion:
        probed.length === 0
          ? ''
          : `without ingress ${tasks.length} tasks of ${services.length} services went on: ${probed.length} probes of names, ICMP and TCP between them were answered as they should, and so were connections to a virtual IP, ${shared(sharesText(byVirtualIp, tasks))}; a service that publishes was refused; ${restored?.[0]} stands again`,
    })
  },
})

function shared(shares: readonly { readonly byTask: string }[]): string {
  return shares.length === 0
    ? 'which nobody could make'
    : `shared ${[...new Set(shares.map(({ byTask }) => byTask))].join(' and ')}`
}
