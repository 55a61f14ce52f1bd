import { distinct, type Problem } from '../../lib/observation/problem.ts'
import type { HostState } from '../../lib/observe/host-state.ts'
import { overlayNamespace } from '../../lib/swarm/namespaces.ts'
import type { NetworkView } from '../../lib/swarm/network-view.ts'

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

export function vxlanDevices(state: HostState): VxlanDevice[] {
  return Object.entries(state.namespaces).flatMap(([namespace, { links }]) =>
    links.flatMap(({ vxlan }) =>
      vxlan === undefined ? [] : [{ host: state.host, namespace, vni: vxlan.vni }],
    ),
  )
}

/** VNIs that are shared, and devices that do not have the VNI of their network. */
export function vniProblems(networks: readonly AssignedVnis[], devices: readonly VxlanDevice[]): Problem[] {
  const problems: Problem[] = []
  const owner = new Map<number, string>()
  for (const { name, vnis } of networks) {
    for (const vni of vnis) {
      const other = owner.get(vni)
      if (other !== undefined)
        problems.push({ ...shared, network: name, expected: vni, observed: `by ${other} and by ${name}` })
      owner.set(vni, name)
    }
  }
  const namespaces = new Map<number, VxlanDevice>()
  for (const device of devices) {
    const other = namespaces.get(device.vni)
    if (other !== undefined && other.namespace !== device.namespace)
      problems.push({
        ...{ ...shared, node: device.host, subject: device.namespace, expected: device.vni },
        observed: `by ${other.namespace} on ${other.host} and by ${device.namespace} on ${device.host}`,
      })
    namespaces.set(device.vni, device)
    const network = networks.find(({ id }) => overlayNamespace(id) === device.namespace)
    if (network !== undefined && !network.vnis.includes(device.vni))
      problems.push({
        ...{ code: 'vni-of-device-differs', kind: 'seen', node: device.host, network: network.name },
        ...{ observed: device.vni, expected: network.vnis.join(' or ') },
      })
  }
  return distinct(problems)
}

const shared = { code: 'vni-shared', kind: 'seen' } as const
