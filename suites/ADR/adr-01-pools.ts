import { requirement } from '../../lib/conformance/test.ts'
import type { ClusterFacts, NetworkFacts } from '../../lib/observation/facts.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import { part } from '../../lib/observation/part.ts'
import { distinct, type Problem } from '../../lib/observation/problem.ts'
import { docs, moby } from '../source.ts'
import { goesOn, poolSubnets } from './pool-order.ts'
import { orderProblems, ordered } from './pool-steps.ts'
import { firstIngressOf, givenByPools, usedUp } from './used-up-pools.ts'

export const pools = requirement({
  id: 'ADR-01',
  requirement:
    '`--default-addr-pool` with a mask length: networks come sequentially from the pools, an allocated one is skipped, freed ones are reused; ingress comes from the pool too.',
  source: [
    docs('Using custom default address pools'),
    moby('libnetwork/ipam/structures.go (to v26), libnetwork/ipams/defaultipam (from v27)'),
  ],
  safety: 'lab',
  needs: ['address-pools'],
  byEngine: [
    {
      until: '27.0',
      expected: 'the next free subnet behind the last one given; a freed one comes when its turn does',
      source: moby('libnetwork/ipam/structures.go, predefinedStartIndex (docker/libnetwork#2177)'),
    },
    {
      since: '27.0',
      expected: 'the first free subnet of the pools; a freed one comes next',
      source: moby('libnetwork/ipams/defaultipam (moby/moby#47768)'),
    },
  ],
  knownIssues: [
    {
      issue: 'moby/moby#48069',
      engines: [{ since: '27.0', until: '27.0.3' }],
      what: 'one subnet is given to several networks',
    },
  ],
  method:
    'The subnets of the swarm’s networks are compared with the pools of the topology, cut by its mask length: what the engine gave must be one of them, ingress as made at init the first. Then networks are made until every subnet is used: each must get the one that is due in the engine’s order. One is taken by hand before its turn and must be skipped. With all used up one network is removed, and the next must get its subnet: there is no other.',
  usualCauses: [
    'the pools were given to the daemon (daemon.json), not to docker swarm init',
    'engines 27.0.0 to 27.0.2 give one subnet to several networks once one was removed (moby/moby#48069)',
    'a network of the same addresses was created by hand with --subnet',
  ],
  remedy: [
    'docker info --format "{{.Swarm.Cluster.DefaultAddrPool}} {{.Swarm.Cluster.SubnetSize}}" on a manager',
    'docker network inspect $(docker network ls -q --filter driver=overlay) --format "{{.Name}} {{.IPAM.Config}}"',
    'pools cannot be changed: leave and initialise the swarm with --default-addr-pool and --default-addr-pool-mask-length',
  ],
  codes: ['subnet-not-of-pools', 'subnet-out-of-turn', 'freed-subnet-not-reused'],
  changes: ['network'],
  quiet: ['changes'],
  reads: [],
  observe: usedUp,
  judge({ steps, ended }, facts) {
    const { addressPools } = facts.topology.swarm
    if (addressPools === undefined)
      return judgement({ missing: [{ what: 'address pools', of: 'topology', nodes: [] }], conclusion: '' })
    const manager = facts.manager
    const subnets = poolSubnets(addressPools.pools, addressPools.maskLength)
    const assigned = givenByPools(facts)
    const first = firstIngressOf(facts)
    const { engineVersion } = facts.nodes.find(({ name }) => name === manager) ?? { engineVersion: '' }
    const rows = ordered(steps, { subnets, engineVersion, taken: assigned.map(({ subnet }) => subnet) })
    const given = rows.filter(({ step }) => step === 'next')
    const [byHand, freed] = (['by-hand', 'freed'] as const).map((step) =>
      rows.find((row) => row.step === step),
    )
    const { missing, unseen } = part({ [manager]: ended }, 'using up the pools')
    return judgement({
      problems: distinct([
        ...assigned.flatMap((network) => stackProblems(network, subnets, facts)),
        ...(first === undefined || first === subnets[0]
          ? []
          : [
              {
                ...{ code: 'subnet-out-of-turn' as const, kind: 'seen' as const, node: manager },
                ...{ network: 'ingress', expected: subnets[0] ?? '', observed: first },
              },
            ]),
        ...orderProblems(rows, subnets, manager),
      ]),
      missing,
      unseen: [
        ...unseen,
        ...(first === undefined ? [{ what: 'the subnet of ingress at init', nodes: [manager] }] : []),
      ],
      tables: {
        'subnets of the pools': subnets,
        'ingress as made at init': first ?? 'was not recorded',
        'of the stack': Object.fromEntries(assigned.map(({ name, subnet }) => [name, subnet])),
        'made by the test, in order': rows,
      },
      conclusion: `ingress got ${first} at init; ${assigned.length} networks of the stack and ${given.length} more used up the ${subnets.length} subnets of ${addressPools.pools.join(' and ')}, ${goesOn(engineVersion) ? 'each the next free behind the last' : 'each the first free'}; ${byHand?.subnet} taken by hand was skipped; ${freed?.subnet} was given again once freed`,
    })
  },
})

/** Of what the stack was given when it was built. */
function stackProblems(
  { name, subnet }: NetworkFacts,
  subnets: readonly string[],
  { manager, topology }: ClusterFacts,
): Problem[] {
  if (subnets.includes(subnet)) return []
  const { pools = [], maskLength = 0 } = topology.swarm.addressPools ?? {}
  return [
    {
      ...{ code: 'subnet-not-of-pools', kind: 'seen', node: manager, network: name },
      ...{ expected: `${pools.join(', ')} at /${maskLength}`, observed: subnet },
    },
  ]
}
