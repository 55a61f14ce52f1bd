import { requirement } from '../../lib/conformance/test.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import { hasIngress } from '../../lib/swarm/no-ingress.ts'
import { effectiveWithinMs, effectMeasure, effectSeconds } from '../scene/polling/effects.ts'
import { ingressMissing } from '../scene/recordings/mesh.ts'
import { reshaped, reshapingLimitMs, reshapingTasks } from '../scene/experiments/reshaping.ts'
import { givenPortProblems, takenPortProblems } from '../scene/judging/reshaping-problems.ts'
import { stage } from '../scene/experiments/stage.ts'
import { docs } from '../source.ts'

export const publishedLater = requirement({
  id: 'ING-13',
  requirement:
    '`service update --publish-add` opens a port on every node, `--publish-rm` closes it again, within a stated bound.',
  source: [docs('Publish ports on an overlay network')],
  safety: 'production',
  needs: ['ipvs'],
  timeLimitMs: reshapingLimitMs,
  method:
    'A service of the tests’ own that publishes nothing is given a port by --publish-add, a free one of the manager’s choice. Within 90 s of the update every node, asked on it by another, must give the answer of the service’s task. Then the port is taken away by --publish-rm, and within 90 s no node may give an answer of the service’s tasks on it.',
  usualCauses: [
    'a firewall between or on the nodes lets only ports pass that were published before: those given by managers are 30000 to 32767',
    'the update is stuck because the new task cannot be placed or started',
    'gossip (7946) does not bring the new task to a node: see CTL-02, CTL-03',
  ],
  remedy: [
    'docker service inspect --format "{{json .UpdateStatus}} {{json .Endpoint.Ports}}" SERVICE',
    'iptables -t nat -S | grep PORT on the node named; curl http://NODE:PORT/ from another',
  ],
  codes: [
    'published-port-missing',
    'port-not-answered',
    'own-port-not-answered',
    'answered-by-another',
    'published-port-still-answered',
  ],
  changes: ['service', 'network'],
  quiet: [],
  ownTasks: reshapingTasks,
  reads: [reshaped],
  observe: async (lab) => ({ reshaped: hasIngress(lab.stack) ? await lab.scene(reshaped) : null }),
  judge({ reshaped: seen }, facts) {
    const { ingress } = facts.networks
    if (seen === null || ingress === undefined)
      return judgement({ missing: ingressMissing(facts), conclusion: '' })
    const { service, given, taken } = seen
    const [adding, removing] = [stage(given, '--publish-add'), stage(taken, '--publish-rm')]
    const stages = [adding, removing]
    const of = { service, manager: facts.manager }
    const { got: opened } = adding
    const { got: closed } = removing
    const openedProblems = opened === undefined ? [] : givenPortProblems(opened.polled.last, of)
    const closedProblems = closed === undefined ? [] : takenPortProblems(closed.polled.last, closed, of)
    const openedAfter = opened && effectSeconds(opened.polled, (seen) => givenPortProblems(seen, of))
    const closedAfter = closed && effectSeconds(closed.polled, (seen) => takenPortProblems(seen, closed, of))
    const port = opened?.polled.last.publishedPort
    return judgement({
      problems: [...openedProblems, ...closedProblems],
      missing: stages.flatMap(({ missing }) => missing),
      unseen: stages.flatMap(({ unseen }) => unseen),
      measures: [
        ...effectMeasure(`--publish-add of ${service}`, openedAfter),
        ...effectMeasure(`--publish-rm of ${service}`, closedAfter),
      ],
      tables: {
        'the port given to the service': port ?? 'none',
        'bound in seconds': effectiveWithinMs / 1000,
      },
      conclusion:
        openedAfter === undefined || closedAfter === undefined
          ? ''
          : `port ${port} answered on ${facts.nodes.length} nodes ${openedAfter} s after --publish-add, via ${ingress.name}, and on none ${closedAfter} s after --publish-rm`,
    })
  },
})
