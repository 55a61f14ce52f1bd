import { requirement } from '../../lib/conformance/test.ts'
import type { ServiceFacts } from '../../lib/observation/facts.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import type { Problem } from '../../lib/observation/problem.ts'
import { discovery, type Lookup, lookupsOf } from '../scene/recordings/discovery.ts'
import { answersTable, virtualIpProblems } from '../scene/judging/name-problems.ts'
import { unseenFrom } from '../scene/judging/unseen-from.ts'
import { docs, overlayTutorial } from '../source.ts'
import { namesLostAfterCut, namesMissingIn282 } from '../known-issues.ts'

export const oneVip = requirement({
  id: 'DSC-01',
  requirement:
    'A service name resolves to one VIP, the same from every task of the network, equal to `service inspect`’s.',
  source: [docs('Configure service discovery'), overlayTutorial('Routing Mesh')],
  safety: 'production',
  needs: [],
  knownIssues: [namesLostAfterCut, namesMissingIn282],
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
  codes: [
    'virtual-ip-missing',
    'virtual-ip-not-resolved',
    'virtual-ip-not-alone',
    'name-not-answered',
    'name-refused',
    'name-lists-twice',
  ],
  changes: [],
  quiet: [],
  reads: [discovery],
  observe: async (lab) => ({ discovery: await lab.scene(discovery) }),
  judge(seen, facts) {
    const { clear } = facts.networks
    const { web, both } = facts.services
    const asked = [web, both].map((service) => ({
      service,
      vip: service.vips[clear.id] ?? '',
      lookups: lookupsOf(seen.discovery, service.name),
    }))
    const lookups = asked[0]?.lookups ?? []
    const nodes = new Set(lookups.map(({ probe }) => probe.fromNode)).size
    return judgement({
      problems: asked.flatMap((one) => problemsOf(one, clear.name)),
      unseen: unseenFrom(facts, 'clear'),
      tables: {
        'service inspect': asked.map(({ service: { name, endpointMode }, vip }) => {
          return { service: name, endpointMode, vip }
        }),
        answers: answersTable(asked.flatMap((one) => one.lookups)),
      },
      conclusion:
        lookups.length === 0
          ? ''
          : `${lookups.length} tasks on ${nodes} nodes resolve ${asked.map(({ service, vip }) => `${service.name} to ${vip}`).join(' and ')} and nothing else, as service inspect says; ${both.name} publishes nothing`,
    })
  },
})

interface Answers {
  readonly service: ServiceFacts
  /** Empty if service inspect shows none. */
  readonly vip: string
  readonly lookups: readonly Lookup[]
}

function problemsOf({ service, vip, lookups }: Answers, network: string): Problem[] {
  const place = { network, service: service.name }
  if (vip === '') return [{ ...place, code: 'virtual-ip-missing', kind: 'missed' }]
  return lookups.flatMap((lookup) => virtualIpProblems(lookup, vip, place))
}
