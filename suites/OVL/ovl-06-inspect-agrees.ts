import { requirement } from '../../lib/conformance/test.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import type { Problem } from '../../lib/observation/problem.ts'
import { looksAgain, pollUntilSettled, settledProblems } from '../scene/polling/until-settled.ts'
import { docs, internals, overlayTutorial } from '../source.ts'
import { inspect, type Inspecting, inspectionProblems, unreadKernels } from './inspecting.ts'

export const inspectAgrees = requirement({
  id: 'OVL-06',
  requirement:
    '`network inspect` on a node lists its tasks and the network’s peers, and agrees with the swarm API.',
  source: [
    docs('Create an overlay network'),
    docs('Attach a service to an overlay network'),
    internals('ingress'),
    overlayTutorial('Default Overlay Network'),
  ],
  safety: 'production',
  needs: [],
  method:
    'Each node’s engine is asked what it knows of every network of the stack. The containers it lists must be exactly the tasks the manager’s API puts on that node and network, with the same addresses; the peers of a node that takes part must be exactly the nodes with a task there, and on ingress all nodes; besides, it must list one endpoint of the network’s own balancer, with an address its namespace has in the kernel. Each running task of the stack must be on the networks that `service inspect` names for its service. ' +
    looksAgain,
  usualCauses: [
    'gossip (7946) does not reach a node, so peers are missing on both sides',
    'a container was taken off the network by hand, or a task’s endpoint was lost in a restart of the engine',
    'a node left without saying so and is still listed as a peer',
  ],
  remedy: [
    'docker network inspect --format "{{json .Peers}} {{json .Containers}}" NETWORK on the node named',
    'check 7946 tcp and udp between the nodes that miss each other (CTL-02, CTL-03)',
    'docker service update --force SERVICE gives its tasks new endpoints; restart the engine of the node named if peers stay wrong',
  ],
  codes: [
    'endpoint-not-listed',
    'endpoint-address-differs',
    'endpoint-without-task',
    'network-peer-missing',
    'network-peer-stale',
    'balancer-endpoint-missing',
    'balancer-endpoint-not-single',
    'balancer-missing',
    'balancer-address-differs',
    'attachment-differs',
  ],
  changes: [],
  quiet: ['tasks', 'changes'],
  reads: [],
  async observe(lab) {
    const ingress = lab.facts.networks.ingress?.name
    const problemsOf = (seen: Inspecting): Problem[] => inspectionProblems(seen, ingress)
    return { polled: await pollUntilSettled(lab, (fresh) => inspect(lab, fresh), problemsOf) }
  },
  judge({ polled }, { nodes, networks }) {
    const { last } = polled
    const settled = settledProblems(
      polled,
      (seen) => inspectionProblems(seen, networks.ingress?.name),
      'what differs',
    )
    const { missing, unseen } = unreadKernels(last)
    const tasks = last.inspected.reduce((sum, one) => sum + Object.keys(one.tasks).length, 0)
    return judgement({
      problems: settled.problems,
      missing,
      unseen: [...settled.unseen, ...unseen],
      tables: {
        'networks as each engine shows them': last.inspected.map((one) => ({
          ...{ node: one.node, network: one.network, lists: Object.keys(one.listed).length },
          tasksByApi: Object.keys(one.tasks).length,
          balancers: one.balancers.map(({ name, address }) => `${name} ${address}`),
          peers: one.peers,
        })),
        'networks by service inspect': Object.fromEntries(
          last.services.map(({ service, asked }) => [service, asked]),
        ),
      },
      conclusion:
        tasks === 0
          ? ''
          : `${nodes.length} engines list the ${tasks} endpoints of tasks the API gives them on ${new Set(last.inspected.map(({ network }) => network)).size} networks, one endpoint of a balancer each, and the peers are the nodes that run those tasks; tasks are on the networks service inspect names`,
    })
  },
})
