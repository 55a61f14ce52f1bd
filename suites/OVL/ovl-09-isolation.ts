import { requirement } from '../../lib/conformance/test.ts'
import { type ClusterFacts, taskName, taskOf } from '../../lib/observation/facts.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import type { Problem } from '../../lib/observation/problem.ts'
import { exchangeProblem, undelivered } from '../scene/judging/delivery.ts'
import { exchange } from '../scene/recordings/exchange.ts'
import { groupBy } from '../scene/judging/group-by.ts'
import { type Isolated, isolation } from '../scene/recordings/isolation.ts'
import { docs, internals } from '../source.ts'

export const isolated = requirement({
  id: 'OVL-09',
  requirement: 'Tasks that share no overlay cannot reach each other.',
  source: [docs('Attach a service to an overlay network'), internals('Overlay')],
  safety: 'production',
  needs: [],
  method:
    'Tasks of different overlays try each other’s overlay addresses, on the same host and on another, by ICMP, UDP (an echo server listens) and TCP. None may get an answer of the task. Controls: each target answers itself by all three at the same time, and those whose network has other tasks answer them.',
  usualCauses: [
    'a firewall rule or route on a host joins the networks',
    'a container was attached to both networks and forwards',
    'net.ipv4.conf.*.forwarding was set inside a namespace that holds both',
  ],
  remedy: [
    'traceroute from the task that got through: nsenter -t PID -n traceroute -n ADDRESS',
    'docker network inspect of both networks: who is attached to both',
    'iptables-save on the host named: rules for the subnets of the overlays',
  ],
  codes: ['reached-without-network'],
  changes: [],
  quiet: [],
  reads: [isolation, exchange],
  observe: async (lab) => ({ isolation: await lab.scene(isolation), exchange: await lab.scene(exchange) }),
  judge({ isolation: { tried }, exchange: { exchanged } }, facts) {
    const own = tried.filter(({ what }) => what === 'own')
    const foreign = tried.filter(({ what }) => what === 'foreign')
    const reached = foreign.filter((one) => isReached(one, facts))
    // Whatever has the address may answer an echo; only UDP and TCP tell that it was the task.
    const doubtful = reached.filter(({ protocol }) => protocol === 'icmp')
    const dead = own.filter((one) => !isReached(one, facts))
    const targets = [...new Set(foreign.map(({ to }) => to))]
    return judgement({
      problems: reached
        .filter(({ protocol }) => protocol !== 'icmp')
        .map((one): Problem => ({
          ...{ ...placeOf(one, facts), code: 'reached-without-network', kind: 'seen' },
        })),
      controls: [
        {
          name: 'every target answers itself',
          held: own.length > 0 && dead.length === 0,
          observed: `${own.length - dead.length} of ${own.length}`,
        },
      ],
      unseen:
        doubtful.length === 0
          ? []
          : [
              {
                what: 'who answered ICMP at addresses of tasks',
                nodes: [...new Set(doubtful.map(({ probe }) => probe.fromNode))],
                why: [...new Set(doubtful.map(({ probe }) => `${probe.from} → ${probe.to}`))].join(', '),
              },
            ],
      tables: {
        'attempts between tasks that share no overlay': Object.fromEntries(
          [...groupBy(foreign, ({ protocol, probe }) => `${protocol} ${probe.outcome}`)].map(
            ([key, attempts]) => [key, attempts.length],
          ),
        ),
        'controls: targets that answer themselves, and others of their network': targets.map((target) => ({
          target: taskName(taskOf(facts, target)),
          itself: own.filter((one) => one.to === target && isReached(one, facts)).length,
          ofItsNetwork: exchanged.filter(
            (one) => one.to === target && exchangeProblem(one, facts) === undefined,
          ).length,
        })),
      },
      conclusion:
        foreign.length === 0
          ? ''
          : `${foreign.length} attempts to ${targets.length} tasks of other overlays got no answer of the task, while each of them answered itself by ICMP, UDP and TCP`,
    })
  },
})

function isReached({ to, probe }: Isolated, facts: ClusterFacts): boolean {
  return undelivered(probe, taskOf(facts, to).hostname, {}) === undefined
}

function placeOf({ from, to, network, protocol, probe }: Isolated, facts: ClusterFacts) {
  const [sender, receiver] = [taskOf(facts, from), taskOf(facts, to)]
  return {
    path: { from: sender.node, to: receiver.node },
    ends: { from: taskName(sender), to: taskName(receiver) },
    ...{ network: facts.networks[network].name, protocol: protocol.toUpperCase(), address: probe.to },
  }
}
