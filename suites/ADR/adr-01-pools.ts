import type { TestContext } from '../../lib/conformance/context.ts'
import { requireNone } from '../../lib/conformance/require-none.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import { docs, moby } from '../source.ts'
import { goesOn, nextSubnet, poolSubnets } from './pool-order.ts'

/** A network of the test's own: what was free of the pools when it was made, what was due, and what it got. */
interface Given {
  readonly name: string
  readonly due: string | undefined
  readonly got: string
}

/** More would take minutes to use up, on emulated hosts. */
const mostSubnets = 24

export const pools = conformanceTest({
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
  async run(context) {
    const { cluster, stack, topology, built, evidence } = context
    const { addressPools } = topology.swarm
    if (addressPools === undefined) throw new Error(`topology ${topology.name} has no address pools`)
    const manager = cluster.manager.host.name
    const subnets = poolSubnets(addressPools.pools, addressPools.maskLength)
    if (subnets.length > mostSubnets)
      throw new Error(
        `the pools hold ${subnets.length} networks; at most ${mostSubnets} are used up in a run`,
      )
    const ingressGiven = topology.swarm.ingress !== undefined
    const assigned = [
      stack.networks.auto,
      stack.networks.extra,
      stack.networks.shop,
      ...(ingressGiven ? [] : [stack.networks.ingress]),
    ]
    const problems = assigned
      .filter(({ subnet }) => !subnets.includes(subnet))
      .map(
        ({ name, subnet }) =>
          `${manager} gave ${name} ${subnet}, which is not of ${addressPools.pools.join(', ')} at /${addressPools.maskLength}`,
      )
    const first = ingressGiven ? built.firstIngress?.subnet : stack.networks.ingress.subnet
    if (first !== undefined && first !== subnets[0])
      problems.push(`${manager} gave ingress ${first} at init, due was ${subnets[0]}`)

    const taken = new Set(assigned.map(({ subnet }) => subnet))
    const made = await useUp(context, subnets, taken)
    evidence.observe('subnets of the pools', subnets)
    evidence.observe('ingress as made at init', first ?? 'was not recorded')
    evidence.observe('of the stack', Object.fromEntries(assigned.map(({ name, subnet }) => [name, subnet])))
    evidence.observe('made by the test, in order', made)
    problems.push(
      ...made.given
        .filter(({ due, got }) => due !== undefined && got !== due)
        .map(({ name, due, got }) => `${manager} gave ${name} ${got}, due was ${due}`),
      ...made.given
        .filter(({ got }) => !subnets.includes(got))
        .map(({ name, got }) => `${manager} gave ${name} ${got}, which is not of the pools`),
      ...(made.reused === made.freed
        ? []
        : [`${manager} gave ${made.reused} when ${made.freed} alone was free`]),
    )
    requireNone('networks get the subnets of the pools, in order, free ones only', problems)
    if (first === undefined)
      throw new Error('which subnet ingress got at init was not recorded: run with --fresh')
    evidence.conclude(
      `ingress got ${first} at init; ${assigned.length} networks of the stack and ${made.given.length} more used up the ${subnets.length} subnets of ${addressPools.pools.join(' and ')}, ${goesOn(cluster.manager.engineVersion) ? 'each the next free behind the last' : 'each the first free'}; ${made.byHand} taken by hand was skipped; ${made.freed} was given again once freed`,
    )
  },
})

interface UsedUp {
  readonly given: readonly Given[]
  readonly byHand: string
  readonly freed: string
  readonly reused: string
}

async function useUp(
  context: TestContext,
  subnets: readonly string[],
  used: ReadonlySet<string>,
): Promise<UsedUp> {
  const { engineVersion } = context.cluster.manager
  await using trial = context.trial('adr01')
  const taken = new Set(used)
  const given: Given[] = []
  let last: string | undefined
  let byHand = ''
  const make = async (): Promise<string> => {
    const name = `n${given.length}`
    // Where the engine stands is known from its first answer on.
    const due =
      last === undefined && goesOn(engineVersion)
        ? undefined
        : nextSubnet(subnets, taken, last, engineVersion)
    const { subnet } = await trial.network(name)
    given.push({ name: trial.nameOf(name), due, got: subnet })
    taken.add(subnet)
    last = subnet
    return subnet
  }
  await make()
  const ahead = nextSubnet(subnets, taken, last, engineVersion)
  if (ahead !== undefined) {
    byHand = (await trial.network('hand', ['--subnet', ahead])).subnet
    taken.add(byHand)
  }
  while (subnets.some((subnet) => !taken.has(subnet)) && given.length < subnets.length) await make()
  const freed = given[0]
  if (freed === undefined || byHand === '') throw new Error('the pools are too small to be tried')
  await trial.removeNetwork({ name: freed.name })
  taken.delete(freed.got)
  const { subnet: reused } = await trial.network('again')
  return { given, byHand, freed: freed.got, reused }
}
