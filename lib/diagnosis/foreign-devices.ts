import { collisionOf, type VxlanSettings } from '../observation/vxlan-device.ts'
import type { HostState, Link } from '../observe/host-state.ts'
import { isSameNamespace, overlayNamespace } from '../swarm/namespaces.ts'
import type { LabView } from './lab-view.ts'

/** A VXLAN device that is no network’s and has the VNI of one, or receives on the UDP port that one needs. */
export interface ForeignDevice {
  readonly node: string
  readonly device: string
  readonly vni: number
  readonly port: number
  /** How its socket receives; see `VxlanSettings`. */
  readonly receives: readonly string[]
  /** File name of the namespace it is in; undefined for the host’s own. */
  readonly namespace?: string
  /** Why the engine cannot make its own device beside it; `none` where it can, or has. */
  readonly collision: 'vni' | 'port' | 'none'
  /** Names of the networks that cannot be had on that node; where nothing collides, of those that have its VNI, too. */
  readonly networks: readonly string[]
  /** Of these, the networks that have a device of their own there. */
  readonly standing: readonly string[]
}

interface WantedNetwork {
  readonly id: string
  readonly name: string
  readonly vni: number
}

/**
 * Every device that is in the way, on all nodes. A network whose own device stands in its own namespace has what it
 * needs: whatever shares its VNI was made elsewhere and is in nobody's way.
 */
export function foreignDevices(lab: LabView): ForeignDevice[] {
  const { facts } = lab
  if (facts === undefined) return []
  const networks = wantedNetworks(lab)
  return statesRead(lab).flatMap(([node, state]) => {
    const own = facts.nodes.find(({ name }) => name === node)?.dataPath.address
    const wanted = { port: facts.dataPathPort, ipv6: own?.includes(':') === true }
    const lacking = networks.filter((network) => !hasDevice(state, network, facts.dataPathPort))
    return devicesOf(state).flatMap((placed): ForeignDevice[] => {
      const { vxlan, up } = placed
      const blocked = lacking.filter(
        ({ vni }) => collisionOf({ ...vxlan, up }, { ...wanted, vni }) !== undefined,
      )
      return blocked.length === 0 || !mayHaveBeenMadeInHost(placed)
        ? []
        : [foreignDevice(node, placed, vxlan.receives === undefined ? 'vni' : 'port', blocked, [])]
    })
  })
}

/**
 * Every device that has the VNI of a network, is not in that network’s namespace, and keeps no engine from anything: it
 * has another UDP port, or was made in another namespace than engines make theirs in.
 */
export function doubleDevices(lab: LabView): ForeignDevice[] {
  const networks = wantedNetworks(lab)
  const inTheWay = foreignDevices(lab)
  const { dataPathPort = 0 } = lab.facts ?? {}
  return statesRead(lab).flatMap(([node, state]) =>
    devicesOf(state).flatMap((placed): ForeignDevice[] => {
      const same = networks.filter(({ vni }) => vni === placed.vxlan.vni)
      if (same.some(({ id }) => isOwn(placed.namespace, id))) return []
      const isInTheWay = inTheWay.some(
        (one) => one.node === node && one.device === placed.name && one.namespace === placed.namespace,
      )
      const standing = same.filter((network) => hasDevice(state, network, dataPathPort))
      return same.length === 0 || isInTheWay ? [] : [foreignDevice(node, placed, 'none', same, standing)]
    }),
  )
}

/** Whether a namespace has the name of an overlay's and no network of the swarm is its own; undefined where not all are known. */
export function isOfNoNetwork(lab: LabView, namespace: string): boolean | undefined {
  if (lab.swarmObjects === undefined) return undefined
  return /^\d+-/.test(namespace) && wantedNetworks(lab).every(({ id }) => !isOwn(namespace, id))
}

function statesRead(lab: LabView): [string, HostState][] {
  return Object.entries(lab.kernelAfter ?? lab.kernelBefore ?? {})
}

function foreignDevice(
  node: string,
  { name, vxlan, namespace }: PlacedDevice,
  collision: ForeignDevice['collision'],
  networks: readonly WantedNetwork[],
  standing: readonly WantedNetwork[],
): ForeignDevice {
  return {
    ...{ node, device: name, vni: vxlan.vni, port: vxlan.port, receives: vxlan.receives ?? [], collision },
    networks: networks.map((network) => network.name),
    standing: standing.map((network) => network.name),
    ...(namespace === undefined ? {} : { namespace }),
  }
}

function wantedNetworks(lab: LabView): WantedNetwork[] {
  const own = Object.values(lab.facts?.networks ?? {}).map(({ id, name, vni }) => ({ id, name, vni }))
  const others = (lab.swarmObjects?.networks ?? []).flatMap(({ id, name, vnis }) =>
    vnis.map((vni) => ({ id, name, vni })),
  )
  return [
    ...new Map([...own, ...others].map((network) => [`${network.id} ${network.vni}`, network])).values(),
  ]
}

interface PlacedDevice extends Link {
  readonly vxlan: VxlanSettings
  /** File name; undefined for the host’s own. */
  readonly namespace?: string
}

function devicesOf(state: HostState): PlacedDevice[] {
  const vxlanIn = (links: readonly Link[], namespace?: string): PlacedDevice[] =>
    links.flatMap(({ vxlan, ...link }) =>
      vxlan === undefined ? [] : [{ ...link, vxlan, ...(namespace === undefined ? {} : { namespace }) }],
    )
  return [
    ...vxlanIn(state.root.links),
    ...Object.entries(state.namespaces).flatMap(([namespace, { links }]) => vxlanIn(links, namespace)),
  ]
}

/** As engines make theirs: what is there, and what may have been made there and moved. */
function mayHaveBeenMadeInHost({ namespace, createdHere }: PlacedDevice): boolean {
  return namespace === undefined ? createdHere !== false : createdHere !== true
}

/** In its own namespace, however often the engine made that one. */
function hasDevice(state: HostState, { id, vni }: WantedNetwork, port: number): boolean {
  return devicesOf(state).some(
    ({ namespace, vxlan }) => isOwn(namespace, id) && vxlan.vni === vni && vxlan.port === port,
  )
}

function isOwn(namespace: string | undefined, networkId: string): boolean {
  return namespace !== undefined && isSameNamespace(namespace, overlayNamespace(networkId))
}
