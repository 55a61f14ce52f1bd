import type { VxlanDeviceFacts } from '../discovery/host-facts.ts'
import type { KnownHost } from '../discovery/known-host.ts'
import { collisionOf } from '../observation/vxlan-device.ts'
import { defaultDataPathPort } from '../topology/swarm-defaults.ts'
import type { HostFinding } from './host-findings.ts'

/** swarmkit, manager/allocator/networkallocator: the first that a swarm gives, which its ingress network gets. */
const firstVni = 4096

interface Network {
  readonly name: string
  readonly vni: number
}

/**
 * VXLAN devices of the hosts themselves that keep engines from making theirs: those of networks that the swarm has, or
 * of the ingress network that it will have.
 */
export function vxlanInTheWay(hosts: readonly KnownHost[]): readonly HostFinding[] {
  const port = hosts.flatMap(({ facts }) => facts.swarm.dataPathPort ?? [])[0] ?? defaultDataPathPort
  const networks = networksOf(hosts)
  return hosts.flatMap(({ inventory, facts }) =>
    facts.vxlanDevices.flatMap((device): HostFinding[] => {
      const { nodeAddress, dataPathAddress = nodeAddress } = facts.swarm
      const what = against(device, networks, { port, ipv6: dataPathAddress.includes(':') })
      return what === undefined
        ? []
        : [
            {
              ...{ host: inventory.name, name: 'VXLAN', detail: what },
              // A swarm that is there has its other networks.
              status: facts.swarm.state === 'active' ? 'warning' : 'missing',
              hint: `if nothing needs it: ip link del ${device.name}; else give its owner (Calico, Cilium, flannel, Open vSwitch) another VNI and UDP port, or the swarm another port: docker swarm init --data-path-port`,
            },
          ]
    }),
  )
}

function networksOf(hosts: readonly KnownHost[]): Network[] {
  const found = new Map<number, Network>()
  for (const { facts } of hosts)
    for (const { name, vnis = [] } of facts.networks) for (const vni of vnis) found.set(vni, { name, vni })
  const isNew = hosts.every(({ facts }) => facts.swarm.state === 'inactive')
  if (isNew) found.set(firstVni, { name: 'ingress', vni: firstVni })
  return [...found.values()]
}

function against(
  device: VxlanDeviceFacts,
  networks: readonly Network[],
  wanted: { readonly port: number; readonly ipv6: boolean },
): string | undefined {
  const { name, vni, receives } = device
  const { port } = wanted
  const hit = networks.find((network) => collisionOf(device, { ...network, ...wanted }) !== undefined)
  if (hit !== undefined && receives === undefined)
    return `${name} holds VNI ${vni} on UDP ${port}, which the network ${hit.name} needs: the engine cannot make its device for it (file exists)`
  if (collisionOf(device, { vni: firstVni, ...wanted }) === 'port')
    return `${name} receives VXLAN on UDP ${port} (${receives?.join(', ') ?? ''}), which every network of a swarm needs: the engine cannot set up a device of its own there (address already in use)`
  return undefined
}
