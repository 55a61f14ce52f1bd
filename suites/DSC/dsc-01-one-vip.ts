import { requireNone } from '../../lib/conformance/require-none.ts'
import type { TestContext } from '../../lib/conformance/context.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import type { Service } from '../../lib/swarm/cluster.ts'
import { discovery, type Lookup, lookupsOf } from '../scene/discovery.ts'
import { docs, overlayTutorial } from '../source.ts'
import { requireTaskOnEveryNode } from '../scene/pair.ts'
import { resolutionProblem, summaryOf } from './resolution.ts'

export const oneVip = conformanceTest({
  id: 'DSC-01',
  requirement:
    'A service name resolves to one VIP, the same from every task of the network, equal to `service inspect`’s.',
  source: [docs('Configure service discovery'), overlayTutorial('Routing Mesh')],
  safety: 'production',
  needs: [],
  method:
    'Every task of the clear network asks its resolver (127.0.0.11) for the names of two services that have a virtual IP, one that publishes a port and one that does not. Each answer must be exactly the one address that `docker service inspect` gives for the network.',
  usualCauses: [
    'stale records on one node after a partition of the gossip (7946)',
    'the service was recreated while a node was cut off',
    'the engine’s resolver does not answer in a namespace: its NAT rules are gone',
  ],
  remedy: [
    'docker service inspect SERVICE --format "{{json .Endpoint.VirtualIPs}}"',
    'nsenter -t PID -n nslookup SERVICE 127.0.0.11 on the node named',
    'docker network inspect --verbose NETWORK on that node shows what its gossip says; restart its engine if it is stale',
  ],
  async run(context) {
    const { cluster, stack, evidence } = context
    const { web, both } = stack.services
    const asked = await Promise.all([web, both].map(async (service) => lookupsOfService(context, service)))
    for (const { service, vip, lookups } of asked) {
      const { name, endpointMode } = service
      evidence.observe('service inspect', { service: name, endpointMode, vip })
      evidence.observe(`answers for ${name}`, summaryOf(lookups))
    }
    const lookups = asked[0]?.lookups ?? []
    if (lookups.length === 0) throw new Error('no task runs on the clear network, so nobody could ask')
    requireNone(
      `${web.name} and ${both.name} resolve to their virtual IPs from every task`,
      asked.flatMap(problemsOf),
    )
    requireTaskOnEveryNode(
      cluster.nodes,
      lookups.map(({ from }) => from),
      stack.networks.clear.name,
    )
    const nodes = new Set(lookups.map(({ from }) => from.node)).size
    evidence.conclude(
      `${lookups.length} tasks on ${nodes} nodes resolve ${asked.map(({ service, vip }) => `${service.name} to ${vip}`).join(' and ')} and nothing else, as service inspect says; ${both.name} publishes nothing`,
    )
  },
})

interface Asked {
  readonly service: Service
  readonly vip: string | undefined
  readonly lookups: readonly Lookup[]
}

async function lookupsOfService(context: TestContext, service: Service): Promise<Asked> {
  const vip = service.vips[context.stack.networks.clear.id]
  return { service, vip, lookups: lookupsOf(await discovery(context), service.name) }
}

function problemsOf({ service, vip, lookups }: Asked): string[] {
  if (vip === undefined)
    return [`service inspect shows no virtual IP of ${service.name} on the clear network`]
  return lookups.flatMap((lookup) => resolutionProblem(lookup, new Map([[vip, 'the virtual IP']])) ?? [])
}
