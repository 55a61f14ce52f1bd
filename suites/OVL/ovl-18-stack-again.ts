import { requirement } from '../../lib/conformance/test.ts'
import type { ClusterFacts } from '../../lib/observation/facts.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import { part } from '../../lib/observation/part.ts'
import { hasIngress } from '../../lib/swarm/no-ingress.ts'
import { effectiveWithinMs, effectMeasure, effectSeconds } from '../scene/polling/effects.ts'
import { ingressMissing } from '../scene/recordings/mesh.ts'
import { givenPortProblems } from '../scene/judging/reshaping-problems.ts'
import { stage } from '../scene/experiments/stage.ts'
import { overlayTutorial } from '../source.ts'
import { deployedTwice, movedNetworkProblems, removedProblems, type StackLook } from './deployed-twice.ts'
import { goneWithinMs } from './until-gone.ts'

export const stackAgain = requirement({
  id: 'OVL-18',
  requirement:
    'A stack’s ports are published; deployed again with another network its service moves there within a stated bound, and the old network stays until it is removed.',
  source: [overlayTutorial('User-Defined Overlay Network')],
  safety: 'production',
  needs: ['ipvs'],
  timeLimitMs: 2 * effectiveWithinMs + goneWithinMs + 120_000,
  method:
    'A stack of one service that publishes a port is deployed from a compose file without a network: within 90 s its task must be on <stack>_default, and every node, asked on the port by another, must give its answer. Deployed again with another network declared, within 90 s its task must be on that one, not on the old one, and the port must be answered everywhere again; the old network must still be there, and removing it must be accepted. Within 30 s no kernel may hold anything of it, which the kernel of the first task’s node was seen to hold.',
  usualCauses: [
    'the update is stuck because the new task cannot be placed or started: docker service ps SERVICE tells',
    'a container that somebody attached keeps the old network',
    'a firewall lets only ports pass that were published before: those given by managers are 30000 to 32767',
  ],
  remedy: [
    'docker stack ps --no-trunc STACK; docker network inspect STACK_default on a manager and on the node named',
    'docker network rm STACK_default once nothing is attached any more; see OVL-12 for what is left',
  ],
  codes: [
    'task-not-attached',
    'task-still-attached',
    'published-port-missing',
    'port-not-answered',
    'own-port-not-answered',
    'answered-by-another',
    'former-network-gone',
    'namespace-left',
    'vxlan-device-left',
    'address-left',
    'forwarding-entry-left',
  ],
  changes: ['service', 'network'],
  quiet: [],
  ownTasks: 1,
  reads: [],
  probes: ({ facts }) => 4 * facts.nodes.length,
  observe: async (lab) => (hasIngress(lab.stack) ? deployedTwice(lab) : null),
  judge(seen, facts) {
    const { ingress } = facts.networks
    if (seen === null || ingress === undefined)
      return judgement({ missing: ingressMissing(facts), conclusion: '' })
    const { service, networks, before, old, after, gone } = seen
    const held = stage(seen.held, `what the kernel held of ${old.name} before`)
    const moving = stage(after, 'the second version of the stack')
    const removing = stage(gone, `the removal of ${old.name}`)
    const [moved, removed] = [moving.got, removing.got]
    const left = removed && part(removed.last, 'kernel state')
    const port = (look: StackLook) => givenPortProblems(look, { service, manager: facts.manager })
    const on = (look: StackLook) => movedNetworkProblems(look, { service, wanted: networks.first })
    const onSecond = (look: StackLook) =>
      movedNetworkProblems(look, { service, wanted: networks.second, former: networks.first })
    const addedAfter = effectSeconds(before, on)
    const movedAfter = moved && effectSeconds(moved.polled, onSecond)
    return judgement({
      problems: [
        ...on(before.last),
        ...port(before.last),
        ...(moved === undefined ? [] : [...onSecond(moved.polled.last), ...port(moved.polled.last)]),
        ...(moved === undefined || moved.listed.includes(old.name) ? [] : [vanished(old.name, facts)]),
        ...(removed === undefined ? [] : removedProblems(removed.last)),
      ].map((problem) => (problem.kind === 'missed' ? { ...problem, controls: [] } : problem)),
      controls:
        held.got === undefined
          ? []
          : [
              {
                ...{ name: `the kernel holds ${old.name} before`, held: held.got.traces.length > 0 },
                observed: held.got.traces.length,
              },
            ],
      missing: [held, moving, removing, left].flatMap((one) => one?.missing ?? []),
      unseen: [held, moving, removing, left].flatMap((one) => one?.unseen ?? []),
      measures: [
        ...effectMeasure('the first version of the stack', addedAfter),
        ...effectMeasure('publishing by a compose file', effectSeconds(before, port)),
        ...effectMeasure('another network in a stack', movedAfter),
        ...effectMeasure('publishing by the second version', moved && effectSeconds(moved.polled, port)),
        ...(removed === undefined
          ? []
          : [
              {
                ...{ name: 'until nothing was left of the old network', value: removed.seconds },
                ...{ unit: 's', bound: goneWithinMs / 1000 },
              },
            ]),
      ],
      tables: { 'networks of the stack after the second version': moved?.listed ?? 'not seen' },
      conclusion:
        removed === undefined
          ? ''
          : `the stack’s task ran on ${old.name} after ${addedAfter} s and answered on ${facts.nodes.length} nodes by port ${before.last.publishedPort} of ${ingress.name}; deployed again it was on ${networks.second} after ${movedAfter} s; ${old.name} stayed until it was removed, and was gone ${removed.seconds} s later`,
    })
  },
})

function vanished(network: string, { manager }: ClusterFacts) {
  return { code: 'former-network-gone', kind: 'missed', node: manager, network } as const
}
