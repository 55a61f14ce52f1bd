import { distinct, type Problem } from '../../lib/observation/problem.ts'
import type { Missing, Unseen } from '../../lib/observation/judgement.ts'
import { part } from '../../lib/observation/part.ts'
import { isSameNamespace, overlayNamespace } from '../../lib/swarm/namespaces.ts'
import type { NetworkView } from '../../lib/swarm/network-view.ts'
import { type KernelSeen, namespacesSeen } from '../scene/judging/kernel-seen.ts'

/** VNIs of every overlay network of the swarm as the API tells them, by network. */
export interface AssignedVnis {
  readonly id: string
  readonly name: string
  readonly vnis: readonly number[]
}

/** @param views all networks of all nodes; one network is in many of them */
export function assignedVnis(views: readonly NetworkView[]): AssignedVnis[] {
  const networks = new Map<string, AssignedVnis>()
  for (const { id, name, driver, scope, options } of views) {
    if (driver !== 'overlay' || scope !== 'swarm') continue
    const list = options['com.docker.network.driver.overlay.vxlanid_list'] ?? ''
    const vnis = list.split(',').filter((entry) => entry !== '')
    if (vnis.length > 0) networks.set(id, { id, name, vnis: vnis.map(Number) })
  }
  return [...networks.values()]
}

/** A VXLAN device in one of the engine's namespaces. */
export interface VxlanDevice {
  readonly host: string
  readonly namespace: string
  readonly vni: number
}

export interface VxlanDevices {
  readonly devices: readonly VxlanDevice[]
  readonly missing: readonly Missing[]
  readonly unseen: readonly Unseen[]
}

/** Devices of these nodes; a namespace of a network that could not be read hides its own alone. */
export function vxlanDevices(seen: KernelSeen, nodes: readonly string[]): VxlanDevices {
  const what = 'VXLAN devices'
  const parts = Object.fromEntries(nodes.map((node) => [node, namespacesSeen(seen, node, 'devices')]))
  const { got, missing, unseen } = part(parts, what)
  const unread = [...got.keys()].flatMap((node) =>
    (seen[node]?.unavailable ?? [])
      .filter((entry) => isOfNetwork.test(entry.what))
      .map((entry): Unseen => ({ what, nodes: [node], why: entry.what })),
  )
  return {
    missing,
    unseen: [...unseen, ...unread],
    devices: [...got].flatMap(([host, namespaces]) =>
      Object.entries(namespaces).flatMap(([namespace, { links }]) =>
        links.flatMap(({ vxlan }) => (vxlan === undefined ? [] : [{ host, namespace, vni: vxlan.vni }])),
      ),
    ),
  }
}

/** As the kernel state names what it could not read: a namespace, or the links in one. */
const isOfNetwork = /^(?:namespace|output of ip in) \/run\/docker\/netns\/\d+-/

/** VNIs that are shared, and devices that do not have the VNI of their network. */
export function vniProblems(networks: readonly AssignedVnis[], devices: readonly VxlanDevice[]): Problem[] {
  const problems: Problem[] = []
  const owner = new Map<number, string>()
  for (const { name, vnis } of networks) {
    for (const vni of vnis) {
      const other = owner.get(vni)
      if (other !== undefined)
        problems.push({
          code: 'vni-of-two-networks',
          kind: 'seen',
          network: name,
          subject: other,
          observed: vni,
        })
      owner.set(vni, name)
    }
  }
  const namespaces = new Map<number, VxlanDevice>()
  for (const device of devices) {
    const other = namespaces.get(device.vni)
    if (other !== undefined && !isSameNamespace(other.namespace, device.namespace))
      problems.push({
        ...{ code: 'vni-of-two-namespaces', kind: 'seen', node: device.host, subject: device.namespace },
        ...{ expected: device.vni, observed: `${other.namespace}@${other.host}` },
      })
    namespaces.set(device.vni, device)
    const network = networks.find(({ id }) => isSameNamespace(overlayNamespace(id), device.namespace))
    if (network !== undefined && !network.vnis.includes(device.vni))
      problems.push({
        ...{ code: 'vni-of-device-differs', kind: 'seen', node: device.host, network: network.name },
        ...{ observed: device.vni, expected: network.vnis.join(' or ') },
      })
  }
  return distinct(problems)
}
