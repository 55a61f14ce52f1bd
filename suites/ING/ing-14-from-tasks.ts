import { requirement } from '../../lib/conformance/test.ts'
import { nodesWithout } from '../../lib/observation/facts.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import { hairpinBrokenIn298 } from '../known-issues.ts'
import { ingressMissing } from '../scene/recordings/mesh.ts'
import { docs } from '../source.ts'
import { fromTaskProblems, observeFromTasks } from './from-tasks.ts'

export const fromTasks = requirement({
  id: 'ING-14',
  requirement: 'A task reaches a published port at the address of its own node and of every other.',
  source: [docs('Publish ports on an overlay network')],
  safety: 'production',
  needs: ['ipvs'],
  knownIssues: [hairpinBrokenIn298],
  method:
    'On every node one task, if there is one of a service that does not publish the port itself, asks on the published TCP port at the address of its own node, as services do that call themselves by their public name, and at the address of every other node. Every connection must be answered by a running task of the service. A task leaves by docker_gwbridge, and at its own node the mesh is behind that bridge, too.',
  usualCauses: [
    'the node does not give what passes a bridge to its firewall (net.bridge.bridge-nf-call-iptables is 0), so that answers come back from an address nobody asked',
    'a rule drops what goes from docker_gwbridge to docker_gwbridge: the engine’s own in 29.8.0',
    'a firewall rule that leads the port on is limited to the interface of the underlay',
  ],
  remedy: [
    'nsenter -t PID -n curl http://OWN-NODE:PORT/ beside http://OTHER-NODE:PORT/',
    'sysctl net.bridge.bridge-nf-call-iptables; iptables -nvL FORWARD; iptables -t nat -nvL on the node named',
  ],
  codes: ['own-node-not-answering-task', 'node-not-answering-task', 'answered-by-another'],
  changes: [],
  quiet: [],
  reads: [],
  probes: ({ facts: { nodes } }) => 2 * nodes.length ** 2,
  observe: observeFromTasks,
  judge({ asked }, facts) {
    const { web } = facts.services
    const tasks = facts.tasks.filter(({ service }) => service === web.name)
    const behind = { service: web.name, hostnames: new Set(tasks.map(({ hostname }) => hostname)) }
    const without = nodesWithout(facts, facts.tasks)
    const missing = ingressMissing(facts)
    const own = asked.filter(({ from, to }) => from === to)
    return judgement({
      problems: tasks.length === 0 ? [] : asked.flatMap((one) => fromTaskProblems(one, behind)),
      missing,
      unseen:
        missing.length > 0
          ? []
          : [
              ...(tasks.length === 0 ? [{ what: `a running task of ${web.name}`, nodes: [] }] : []),
              ...(without.length === 0 ? [] : [{ what: 'a task that could ask', nodes: without }]),
            ],
      tables: {
        'connections of tasks to the published port': asked.map(({ to, probe }) => ({
          ...{ from: probe.from, to, address: probe.to, port: probe.port, outcome: probe.outcome },
          answeredBy: probe.replies,
        })),
      },
      conclusion:
        own.length === 0
          ? ''
          : `tasks on ${own.length} nodes were answered at the address of their own node, and ${asked.length - own.length} times at those of others`,
    })
  },
})
