import type { TestContext } from '../../lib/conformance/context.ts'
import { readBalancer } from '../../lib/observe/read-balancer.ts'
import { dnsAnswer, dnsQuery } from '../../lib/probe/dns.ts'
import type { OverlayNetwork, Service, Task } from '../../lib/swarm/cluster.ts'
import { loadBalancerNamespace, namespacePath } from '../../lib/swarm/namespaces.ts'
import { readService } from '../../lib/swarm/read-objects.ts'
import { markOfVip } from './balancer.ts'
import { addressOn, inTask, taskLabel } from './pair.ts'

type Shared = Omit<TestContext, 'evidence'>

/** How the answer to a name differs from one address, in words. */
export async function nameLeadsTo(
  { probe }: Pick<Shared, 'probe'>,
  from: Task,
  name: string,
  { address, what }: { readonly address: string; readonly what: string },
): Promise<string[]> {
  const [observation] = await probe.send([dnsQuery(inTask(from), name)])
  const answer = observation === undefined ? undefined : dnsAnswer(observation)
  const got = answer?.addresses.join(', ') ?? ''
  if (got === address && address !== '') return []
  const said = got === '' ? (answer?.rcode ?? observation?.outcome ?? 'nothing') : got
  return [`${taskLabel(from)} asks for ${name}: ${said}, expected ${what} ${address || '(there is none)'}`]
}

/** What is left of a service’s virtual IP on a network, by the manager’s account and in the balancer of its task’s node. */
export async function virtualIpLeft(
  context: Shared,
  service: Service,
  network: OverlayNetwork,
  { task, vip }: { readonly task: Task; readonly vip: string },
): Promise<string[]> {
  const { cluster } = context
  const now = await readService(cluster, service.name)
  const manager = cluster.manager.host.name
  const stated = Object.values(now.vips).filter((address) => address !== '')
  return [
    ...(now.endpointMode === 'dnsrr'
      ? []
      : [`${manager} states endpoint mode ${now.endpointMode} of ${service.name}, expected dnsrr`]),
    ...stated.map((address) => `${manager} states the virtual IP ${address} of ${service.name}`),
    ...(await balanced(context, network, task, vip)),
  ]
}

async function balanced(
  context: Shared,
  network: OverlayNetwork,
  task: Task,
  vip: string,
): Promise<string[]> {
  const { host } = task.node
  // Without it there is nothing to read, and nothing balances.
  if ((await context.state()).get(host.name)?.kernelModules.ip_vs === false) return []
  const namespace = loadBalancerNamespace(network.id)
  const state = await readBalancer(host, namespacePath(namespace))
  if (state === undefined) return []
  const address = addressOn(task, network)
  const listed = state.ipvs.some(({ destinations }) => destinations.some((one) => one.address === address))
  return [
    ...(vip !== '' && markOfVip(state.firewall, vip) !== undefined
      ? [`${host.name}, ${namespace}: packets for ${vip} are still marked`]
      : []),
    ...(listed ? [`${host.name}, ${namespace}: IPVS lists ${address} of ${taskLabel(task)}`] : []),
  ]
}
