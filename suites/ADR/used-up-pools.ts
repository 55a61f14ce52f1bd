import type { ObserveContext } from '../../lib/conformance/context.ts'
import { observePart } from '../../lib/conformance/missing.ts'
import { Inconclusive } from '../../lib/inconclusive.ts'
import { MissingPrerequisite } from '../../lib/missing-prerequisite.ts'
import type { ClusterFacts, NetworkFacts } from '../../lib/observation/facts.ts'
import type { Part } from '../../lib/observation/part.ts'
import { nextSubnet, poolSubnets } from './pool-order.ts'
import type { PoolStep } from './pool-steps.ts'

/** More would take minutes to use up, on emulated hosts. */
const mostSubnets = 24

export interface UsedUp {
  readonly steps: readonly PoolStep[]
  /** Whether all steps were done, or what ended them. */
  readonly ended: Part<true>
}

/** Makes networks until no subnet of the pools is free, one of them by hand, removes one, and makes another. */
export async function usedUp(lab: ObserveContext): Promise<UsedUp> {
  const { addressPools } = lab.topology.swarm
  if (addressPools === undefined)
    throw new MissingPrerequisite({
      code: 'NO_POOLS',
      what: `topology ${lab.topology.name} has no address pools`,
    })
  const subnets = poolSubnets(addressPools.pools, addressPools.maskLength)
  const steps: PoolStep[] = []
  const ended = await observePart(async () => {
    if (subnets.length > mostSubnets)
      throw new Inconclusive(
        `the pools hold ${subnets.length} networks; at most ${mostSubnets} are used up in a run`,
      )
    await useUp(lab, subnets, steps)
    return true as const
  })
  return { steps, ended }
}

async function useUp(lab: ObserveContext, subnets: readonly string[], steps: PoolStep[]): Promise<void> {
  const { engineVersion } = lab.cluster.manager
  await using trial = lab.trial('adr01')
  const taken = new Set(givenByPools(lab.facts).map(({ subnet }) => subnet))
  let last: string | undefined
  let made = 0
  const make = async (): Promise<string> => {
    const name = `n${made}`
    const { subnet } = await trial.network(name)
    made += 1
    steps.push({ step: 'next', network: trial.nameOf(name), subnet })
    taken.add(subnet)
    last = subnet
    return subnet
  }
  const first = await make()
  const ahead = nextSubnet(subnets, taken, last, engineVersion)
  if (ahead === undefined) throw new Inconclusive('the pools are too small to be tried')
  const { subnet: byHand } = await trial.network('hand', ['--subnet', ahead])
  steps.push({ step: 'by-hand', network: trial.nameOf('hand'), subnet: byHand })
  taken.add(byHand)
  while (subnets.some((subnet) => !taken.has(subnet)) && made < subnets.length) await make()
  const freed = trial.nameOf('n0')
  await trial.removeNetwork({ name: freed })
  steps.push({ step: 'freed', network: freed, subnet: first })
  const { subnet } = await trial.network('again')
  steps.push({ step: 'last', network: trial.nameOf('again'), subnet })
}

/** Networks of the stack whose subnets come from the pools: of ingress only where the engine made it. */
export function givenByPools({
  networks,
  topology,
}: Pick<ClusterFacts, 'networks' | 'topology'>): NetworkFacts[] {
  const { auto, extra, shop, ingress } = networks
  const own = topology.swarm.ingress === undefined && ingress !== undefined ? [ingress] : []
  return [auto, extra, shop, ...own]
}

/** What ingress got at init, before a topology's own settings replaced it; undefined where nobody looked. */
export function firstIngressOf({ networks, topology, built }: ClusterFacts): string | undefined {
  if (topology.swarm.ingress === undefined) return networks.ingress?.subnet
  return (built.firstIngress as { readonly subnet?: string } | undefined)?.subnet
}
