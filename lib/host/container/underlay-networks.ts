import type Docker from 'dockerode'
import { InputError, SwarmproofError } from '../../error.ts'
import { overlap, parseSubnet } from '../../topology/subnet.ts'
import type { Topology, UnderlaySpec } from '../../topology/topology.ts'
import type { Engine } from './engine.ts'
import { engineWords } from './engine-words.ts'
import { labLabel, labels, partLabel, underlayLabel } from './lab-labels.ts'

export function networkName(labId: string, underlay: string): string {
  return `swarmproof-${labId}-${underlay}`
}

/** A bridge for each underlay, with its subnet and MTU; testcontainers makes networks without either. */
export async function createUnderlays(engine: Engine, labId: string, topology: Topology): Promise<void> {
  for (const underlay of topology.underlays) {
    try {
      await engine.docker.createNetwork({
        Name: networkName(labId, underlay.name),
        Driver: 'bridge',
        CheckDuplicate: true,
        IPAM: {
          Driver: 'default',
          Config: [{ Subnet: underlay.subnet, Gateway: gatewayOf(underlay, topology) }],
        },
        Options: { 'com.docker.network.driver.mtu': String(underlay.mtuBytes) },
        Labels: labels(labId, 'underlay', { [underlayLabel]: underlay.name }),
      })
    } catch (error) {
      throw await refused(engine, underlay, error)
    }
  }
}

/** The engine gives its bridge an address on the underlay, too: the last one that no node has. */
export function gatewayOf(underlay: UnderlaySpec, topology: Topology): string {
  const subnet = parseSubnet(underlay.subnet)
  if (typeof subnet === 'string') throw new RangeError(subnet)
  const taken = new Set(topology.nodes.map(({ addresses }) => addresses[underlay.name]))
  const parts = subnet.last.split('.').map(Number)
  for (let free = parts[3] ?? 0; free > 0; free--) {
    const address = [...parts.slice(0, 3), free].join('.')
    if (address === subnet.network) break
    if (!taken.has(address)) return address
  }
  throw new InputError({
    code: 'UNDERLAY_FULL',
    what: `underlay '${underlay.name}' of topology '${topology.name}' has no address left`,
    expected: 'one that no node has: among containers the bridge needs one, too',
    hint: 'give it a larger subnet',
  })
}

async function refused(engine: Engine, underlay: UnderlaySpec, cause: unknown): Promise<Error> {
  const observed = engineWords(cause)
  const there = await overlapping(engine, underlay)
  if (there === undefined) {
    return new SwarmproofError({
      code: 'UNDERLAY_REFUSED',
      what: `the engine refused the network of underlay '${underlay.name}' (${underlay.subnet})`,
      observed,
      cause,
    })
  }
  const lab = there.Labels?.[partLabel] === 'underlay' ? there.Labels[labLabel] : undefined
  return new SwarmproofError({
    code: 'UNDERLAY_TAKEN',
    what: `the subnet of underlay '${underlay.name}' (${underlay.subnet}) is in use on the engine`,
    observed: lab === undefined ? `network '${there.Name}' overlaps it` : `lab ${lab} has it`,
    hint:
      lab === undefined
        ? `docker network rm ${there.Name} if nobody needs it, or give the topology another subnet`
        : `end that lab: swarmproof down --lab ${lab}; if its run was killed: swarmproof clean`,
    cause,
  })
}

async function overlapping(
  { docker }: Engine,
  { subnet }: UnderlaySpec,
): Promise<Docker.NetworkInspectInfo | undefined> {
  const wanted = parseSubnet(subnet)
  const networks = await docker.listNetworks().catch(() => [])
  return networks.find((network) =>
    (network.IPAM?.Config ?? []).some(({ Subnet }) => {
      const other = Subnet === undefined ? '' : parseSubnet(Subnet)
      return typeof wanted !== 'string' && typeof other !== 'string' && overlap(wanted, other)
    }),
  )
}
