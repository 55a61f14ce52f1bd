import { requirement } from '../../lib/conformance/test.ts'
import type { ClusterFacts } from '../../lib/observation/facts.ts'
import { judgement, type Measure } from '../../lib/observation/judgement.ts'
import { part } from '../../lib/observation/part.ts'
import type { Problem } from '../../lib/observation/problem.ts'
import { hasIngress } from '../../lib/swarm/no-ingress.ts'
import { effectiveWithinMs, effectSeconds } from '../scene/effects.ts'
import { ingressMissing } from '../scene/mesh.ts'
import { givenPortProblems } from '../scene/reshaping-problems.ts'
import { stage } from '../scene/stage.ts'
import { overlayTutorial } from '../source.ts'
import { attachedProblems, deployAgain, type Version } from './deployed-again.ts'
import { leftProblems } from './leftovers.ts'
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
    'network-gone-too-early',
    'left-after-removal',
  ],
  changes: ['service', 'network'],
  quiet: [],
  reads: [],
  observe: async (lab) => ({ again: hasIngress(lab.stack) ? await deployAgain(lab) : null }),
  judge({ again }, facts) {
    const { ingress } = facts.networks
    if (again === null || ingress === undefined)
      return judgement({ missing: ingressMissing(facts), conclusion: '' })
    const begun = stage(again.first, 'the first version of the stack')
    const moved = again.second === null ? undefined : stage(again.second, 'the second version of the stack')
    const gone = again.removed === null ? undefined : stage(again.removed, 'the removal of the old network')
    const stages = [begun, ...(moved === undefined ? [] : [moved]), ...(gone === undefined ? [] : [gone])]
    const [before, after, removed] = [begun.got, moved?.got, gone?.got]
    const held = before === undefined ? [] : leftProblems(before.held)
    const kernels =
      removed === undefined ? undefined : part(removed.polled.last, 'kernel state after removal')
    const home = before?.polled.last.task.node
    const [added, next] = [before && effectOf(before, facts), after && effectOf(after, facts)]
    const wentEarly =
      before !== undefined && after !== undefined && !after.networksLeft.includes(before.old.name)
    return judgement({
      problems: [
        ...(added?.problems ?? []),
        ...(next?.problems ?? []),
        ...(wentEarly ? [goneTooEarly(before.old.name, facts)] : []),
        ...(removed === undefined ? [] : leftProblems(removed.polled.last)),
      ],
      controls:
        before === undefined || home === undefined
          ? []
          : [
              {
                name: `${before.old.name} seen in the kernel of ${home} while its task ran there`,
                held: held.some(({ node }) => node === home),
                observed: held.length,
              },
            ],
      missing: [...stages.flatMap(({ missing }) => missing), ...(kernels?.missing ?? [])],
      unseen: [...stages.flatMap(({ unseen }) => unseen), ...(kernels?.unseen ?? [])],
      measures: [
        ...effectMeasure('the first version of the stack', added?.network),
        ...effectMeasure('publishing by a compose file', added?.port),
        ...effectMeasure('another network in a stack', next?.network),
        ...effectMeasure('publishing by the second version', next?.port),
        ...(removed?.polled.reached === true
          ? [
              {
                ...{ name: 'until nothing was left of the old network', value: removed.polled.seconds },
                ...{ unit: 's', bound: goneWithinMs / 1000 },
              },
            ]
          : []),
      ],
      tables: { 'networks of the stack after the second version': after?.networksLeft ?? 'not seen' },
      conclusion:
        before === undefined || after === undefined || removed === undefined
          ? ''
          : `the stack’s task ran on ${before.old.name} after ${added?.network} s and answered on ${facts.nodes.length} nodes by port ${before.polled.last.publishedPort} of ${ingress.name}; deployed again it was on ${after.network} after ${next?.network} s; ${before.old.name} stayed until it was removed, and was gone ${removed.polled.seconds} s later`,
    })
  },
})

/** When a version took effect, and what the last look still missed of it. */
function effectOf(version: Version, { manager }: Pick<ClusterFacts, 'manager'>) {
  const { polled, service } = version
  const ofPort = (seen: typeof polled.last): Problem[] => givenPortProblems(seen, { service, manager })
  const ofNetwork = (seen: typeof polled.last): Problem[] => attachedProblems(seen, version)
  // What kernels held of the old network says nothing of these.
  const controls: readonly string[] = []
  return {
    network: effectSeconds(polled, ofNetwork),
    port: effectSeconds(polled, ofPort),
    problems: [...ofNetwork(polled.last), ...ofPort(polled.last)].map((problem) => ({
      ...problem,
      controls,
    })),
  }
}

function goneTooEarly(network: string, { manager: node }: Pick<ClusterFacts, 'manager'>): Problem {
  return { code: 'network-gone-too-early', kind: 'missed', node, network, controls: [] }
}

function effectMeasure(what: string, seconds: number | undefined): Measure[] {
  const bound = effectiveWithinMs / 1000
  return seconds === undefined ? [] : [{ name: `${what} took effect`, value: seconds, unit: 's', bound }]
}
