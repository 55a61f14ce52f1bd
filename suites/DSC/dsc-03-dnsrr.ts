import { requireNone } from '../../lib/conformance/require-none.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import type { Task } from '../../lib/swarm/cluster.ts'
import { tasksOn } from '../../lib/swarm/stack.ts'
import { discovery, lookupsOf } from '../scene/discovery.ts'
import { requireTaskOnEveryNode, taskLabel } from '../scene/pair.ts'
import { docs } from '../source.ts'
import { resolutionProblem, summaryOf } from './resolution.ts'

export const dnsRoundRobin = conformanceTest({
  id: 'DSC-03',
  requirement:
    'With `--endpoint-mode dnsrr` the name resolves to the task IPs; there is no VIP and no IPVS entry.',
  source: [docs('Configure service discovery')],
  safety: 'production',
  needs: ['ipvs'],
  method:
    'Every task of the clear network asks for the name of the dnsrr service: each answer must be exactly its running tasks. Service inspect must show no virtual IP, and no IPVS table of any namespace of any node may list one of its tasks. Control: the same tables list the tasks of the service with a virtual IP.',
  usualCauses: [
    'the service runs with endpoint mode vip: it was updated or deployed without the option',
    'gossip (7946) does not reach a node, so it misses tasks',
  ],
  remedy: [
    'docker service inspect SERVICE --format "{{json .Endpoint}}"',
    'docker service update --endpoint-mode dnsrr SERVICE',
    'nsenter --net=/run/docker/netns/lb_… ipvsadm -ln on the node named',
  ],
  async run(context) {
    const { cluster, stack, evidence } = context
    const { rr, web } = stack.services
    const states = await context.state()
    const tasks = tasksOn(stack, 'clear')
    const expected = addressesOf(tasks, rr.name, stack.networks.clear.name)
    const anywhere = addressesOf(tasks, rr.name)
    const lookups = lookupsOf(await discovery(context), rr.name)
    const balanced = cluster.nodes.flatMap(({ host }) =>
      Object.entries(states.get(host.name)?.namespaces ?? {}).flatMap(([namespace, { ipvs }]) =>
        ipvs.flatMap(({ destinations }) =>
          destinations.map(({ address }) => ({ node: host.name, namespace, address })),
        ),
      ),
    )
    const wrong = balanced.filter(({ address }) => anywhere.has(address))
    const others = addressesOf(tasks, web.name)
    const control = balanced.filter(({ address }) => others.has(address))
    evidence.observe('service inspect', {
      service: rr.name,
      endpointMode: rr.endpointMode,
      virtualIps: rr.vips,
    })
    evidence.observe(`answers for ${rr.name}`, { runningTasks: expected, answers: summaryOf(lookups) })
    evidence.observe('IPVS destinations that are tasks', { [rr.name]: wrong, [web.name]: control.length })
    if (lookups.length === 0 || expected.size === 0) {
      throw new Error(`${rr.name} has no running task, or no task runs on the clear network to ask`)
    }
    requireNone(`${rr.name} is found by DNS alone`, [
      ...lookups.flatMap((lookup) => resolutionProblem(lookup, expected) ?? []),
      ...Object.values(rr.vips).map((vip) => `service inspect shows the virtual IP ${vip} of ${rr.name}`),
      ...wrong.map(
        ({ node, namespace, address }) =>
          `${node}: IPVS in ${namespace} lists ${address} (${anywhere.get(address)})`,
      ),
    ])
    const blind = cluster.nodes.filter(({ host }) => !control.some(({ node }) => node === host.name))
    if (blind.length > 0) {
      const where = blind.map(({ host }) => host.name).join(', ')
      throw new Error(
        `no IPVS table of ${where} lists a task of ${web.name} either, so "none seen" proves nothing`,
      )
    }
    requireTaskOnEveryNode(
      cluster.nodes,
      lookups.map(({ from }) => from),
      stack.networks.clear.name,
    )
    evidence.conclude(
      `${lookups.length} tasks resolve ${rr.name} to its ${expected.size} tasks; it has no virtual IP and none of ${balanced.length} IPVS destinations is one of its tasks, while ${control.length} are tasks of ${web.name}`,
    )
  },
})

/** Addresses of a service's tasks with the task's label; on one network, or on all it is attached to. */
function addressesOf(tasks: readonly Task[], service: string, network?: string): ReadonlyMap<string, string> {
  return new Map(
    tasks
      .filter((task) => task.service === service)
      .flatMap((task) =>
        Object.entries(task.endpoints)
          .filter(([name]) => network === undefined || name === network)
          .map(([, { address }]) => [address, taskLabel(task)] as const),
      ),
  )
}
