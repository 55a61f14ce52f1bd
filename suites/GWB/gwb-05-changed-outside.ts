import { requirement } from '../../lib/conformance/test.ts'
import type { Unseen } from '../../lib/observation/judgement.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import { part } from '../../lib/observation/part.ts'
import type { Problem } from '../../lib/observation/problem.ts'
import { backWithinMs } from '../RES/bounds.ts'
import { gatewayBridgeName } from '../scene/judging/gateway-interface.ts'
import { docs } from '../source.ts'
import { bridgeProblems, statedProblems, taskProblems } from './bridge-settings.ts'
import { type BridgeMadeAgain, bridgeMadeAgain, creating, removing } from './made-again.ts'

export const changedOutside = requirement({
  id: 'GWB-05',
  requirement:
    '`docker_gwbridge` is changed outside the swarm only: a member refuses to remove it; made anew between leaving and joining, it has the new settings.',
  source: [docs('Customize the docker_gwbridge')],
  safety: 'lab',
  needs: ['two-nodes'],
  timeLimitMs: backWithinMs + 420_000,
  method:
    'A worker is asked to remove docker_gwbridge while it is a member, and must refuse with an error that names the reason. Then it leaves the swarm, removes the bridge, makes it anew with another subnet and an MTU of 1380, and joins again. Once a task runs on it, the engine must state both, the kernel’s bridge must have an address of the subnet, and the task’s interface there an address of it and the MTU. The host keeps the bridge the test made.',
  usualCauses: [
    'the engine made the bridge anew with its defaults because it was restarted between removing and creating it',
    'a container that is no task hangs on docker_gwbridge and keeps it',
  ],
  remedy: [
    'docker network inspect docker_gwbridge on the node named: who is attached?',
    'docker swarm leave, docker network rm docker_gwbridge, docker network create --subnet … docker_gwbridge, docker swarm join',
  ],
  codes: [
    'change-accepted',
    'refused-without-reason',
    'change-refused',
    'engine-states-otherwise',
    'interface-missing',
    'gateway-interface-missing',
    'address-outside-subnet',
    'interface-mtu-wrong',
  ],
  changes: ['node', 'host'],
  quiet: ['tasks', 'changes'],
  reads: [],
  observe: bridgeMadeAgain,
  judge(seen) {
    const { node, wanted, member, after } = seen
    const { got, missing, unseen } = part({ [node]: after }, `${gatewayBridgeName} after joining again`)
    const settings = got.get(node)
    const task = settings?.tasks[0]
    return judgement({
      problems: [
        ...memberProblems(node, member),
        ...outsideProblems(seen),
        ...(settings === undefined
          ? []
          : [
              ...statedProblems(node, settings.stated, wanted),
              ...bridgeProblems(node, settings.bridge, wanted, false),
              ...settings.tasks.flatMap((one) => taskProblems(node, one, wanted)),
            ]),
      ],
      missing,
      unseen: [
        ...unseenStages(seen),
        ...unseen,
        ...(settings !== undefined && task === undefined
          ? [{ what: 'a task that runs there again', nodes: [node] }]
          : []),
      ],
      tables: {
        [`what ${node} said to removing it as a member`]: member,
        [`${gatewayBridgeName} of ${node}, made with subnet ${wanted.subnet} and MTU ${wanted.mtuBytes}`]: {
          stated: settings?.stated,
          bridge: settings?.bridge?.address,
          task: task === undefined ? 'none' : { address: task.address, mtuBytes: task.mtuBytes },
        },
      },
      conclusion: `${node} refused to remove ${gatewayBridgeName} as a member, and has subnet ${wanted.subnet} and MTU ${wanted.mtuBytes} on it since it left, made it again and joined`,
    })
  },
})

const reason = /active endpoints|in use|cannot be removed|has .*endpoint/i

function memberProblems(node: string, { accepted, words }: BridgeMadeAgain['member']): Problem[] {
  const where = { node, subject: removing, kind: 'seen' as const }
  if (accepted) return [{ ...where, code: 'change-accepted' }]
  return reason.test(words)
    ? []
    : [
        {
          ...where,
          code: 'refused-without-reason',
          observed: words === '' ? 'no words' : words.slice(0, 160),
        },
      ]
}

/** Outside the swarm it must be removed and made. */
function outsideProblems({ node, removed, made }: BridgeMadeAgain): Problem[] {
  const refused = (subject: string, words: string): Problem => ({
    ...{ code: 'change-refused', kind: 'seen', node, subject, observed: words.slice(0, 160) },
  })
  return [
    ...('got' in removed && !removed.got.reached ? [refused(removing, removed.got.last.words)] : []),
    ...(made !== undefined && 'got' in made && !made.got.accepted ? [refused(creating, made.got.words)] : []),
  ]
}

/** Stages that could not be observed. */
function unseenStages({ node, removed, made, joined }: BridgeMadeAgain): Unseen[] {
  return [
    ...part({ [node]: removed }, 'removing it outside the swarm').unseen,
    ...(made === undefined ? [] : part({ [node]: made }, 'making it outside the swarm').unseen),
    ...part({ [node]: joined }, 'joining again').unseen,
  ]
}
