import { collisionOf } from '../observation/vxlan-device.ts'
import type { HostState, Link } from '../observe/host-state.ts'
import { overlayNamespace } from '../swarm/namespaces.ts'
import type { LabView } from './lab-view.ts'

/** A VXLAN device that keeps the engine of a node from making that of a network. */
export interface ForeignDevice {
  readonly node: string
  readonly device: string
  readonly vni: number
  readonly port: number
  /** How its socket receives; see `VxlanSettings`. */
  readonly receives: readonly string[]
  /** File name of the namespace it is in; undefined for the host's own. */
  readonly namespace?: string
  readonly collision: 'vni' | 'port'
  /** Names of the networks that cannot be had on that node. */
  readonly networks: readonly string[]
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
  return Object.entries(lab.kernelAfter ?? lab.kernelBefore ?? {}).flatMap(([node, state]) => {
    const own = facts.nodes.find(({ name }) => name === node)?.dataPath.address
    const wanted = { port: facts.dataPathPort, ipv6: own?.includes(':') === true }
    const lacking = networks.filter((network) => !hasDevice(state, network, facts.dataPathPort))
    return devicesOf(state).flatMap(({ link, namespace }): ForeignDevice[] => {
      const { vxlan } = link
      if (vxlan === undefined) return []
      const blocked = lacking.filter(
        ({ vni }) => collisionOf({ ...vxlan, up: link.up }, { ...wanted, vni }) !== undefined,
      )
      return blocked.length === 0
        ? []
        : [
            {
              ...{ node, device: link.name, vni: vxlan.vni, port: vxlan.port },
              ...{ receives: vxlan.receives ?? [], networks: blocked.map(({ name }) => name) },
              ...(namespace === undefined ? {} : { namespace }),
              collision: vxlan.receives === undefined ? 'vni' : 'port',
            },
          ]
    })
  })
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

/** Of the host's own namespace: those that are there, and those that may have been created there and moved. */
function devicesOf(state: HostState): { link: Link; namespace?: string }[] {
  return [
    ...state.root.links.filter(({ createdHere }) => createdHere !== false).map((link) => ({ link })),
    ...Object.entries(state.namespaces).flatMap(([namespace, { links }]) =>
      links.filter(({ createdHere }) => createdHere !== true).map((link) => ({ link, namespace })),
    ),
  ]
}

/** In its own namespace, however often the engine made that one. */
function hasDevice(state: HostState, { id, vni }: WantedNetwork, port: number): boolean {
  const ending = overlayNamespace(id).slice(1)
  return Object.entries(state.namespaces).some(
    ([name, { links }]) =>
      /^\d+-/.test(name) &&
      name.endsWith(ending) &&
      links.some(({ vxlan }) => vxlan?.vni === vni && vxlan.port === port),
  )
}
