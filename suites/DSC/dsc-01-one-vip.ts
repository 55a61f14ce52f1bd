import { requireNone } from '../../lib/conformance/require-none.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import { discovery, lookupsOf } from '../scene/discovery.ts'
import { docs, overlayTutorial } from '../source.ts'
import { requireTaskOnEveryNode } from '../scene/pair.ts'
import { resolutionProblem, summaryOf } from './resolution.ts'

export const oneVip = conformanceTest({
  id: 'DSC-01',
  requirement:
    'A service name resolves to one VIP, the same from every task of the network, equal to `service inspect`’s.',
  source: [docs('Configure service discovery'), overlayTutorial('Service discovery')],
  safety: 'production',
  needs: [],
  method:
    'Every task of the clear network asks its resolver (127.0.0.11) for the name of the service that has a virtual IP. Each answer must be exactly the one address that `docker service inspect` gives for the network.',
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
    const { web } = stack.services
    const vip = web.vips[stack.networks.clear.id]
    const lookups = lookupsOf(await discovery(context), web.name)
    evidence.observe('service inspect', { service: web.name, endpointMode: web.endpointMode, vip })
    evidence.observe(`answers for ${web.name}`, summaryOf(lookups))
    if (lookups.length === 0) throw new Error('no task runs on the clear network, so nobody could ask')
    requireNone(
      `${web.name} resolves to its virtual IP from every task`,
      vip === undefined
        ? [`service inspect shows no virtual IP of ${web.name} on ${stack.networks.clear.name}`]
        : lookups.flatMap((lookup) => resolutionProblem(lookup, new Map([[vip, 'the virtual IP']])) ?? []),
    )
    requireTaskOnEveryNode(
      cluster.nodes,
      lookups.map(({ from }) => from),
      stack.networks.clear.name,
    )
    const nodes = new Set(lookups.map(({ from }) => from.node)).size
    evidence.conclude(
      `${lookups.length} tasks on ${nodes} nodes resolve ${web.name} to ${vip} and nothing else, as service inspect says`,
    )
  },
})
