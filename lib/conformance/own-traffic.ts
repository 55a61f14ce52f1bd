import type { CapturePoint } from '../capture/capture.ts'
import type { OwnIngress, OwnTraffic } from '../capture/keep/own-traffic.ts'
import type { HostState } from '../observe/host-state.ts'
import { ingressNamespace } from '../swarm/namespaces.ts'
import { hasIngress } from '../swarm/no-ingress.ts'
import type { Stack } from '../swarm/stack.ts'

/**
 * What of a swarm's traffic is the run's: its networks, and on ingress, which all published services share, its tasks.
 * Nodes reach tasks from an address of their own there, which is that of the namespace `ingress_sbox`.
 */
export function ownTraffic(
  stack: Stack,
  dataPathPort: number,
  states: ReadonlyMap<string, HostState>,
): OwnTraffic {
  const networks = Object.values(stack.networks).filter(({ ingress }) => !ingress)
  const own = { dataPathPort, networks: networks.map(({ vni, subnet }) => ({ vni, subnet })) }
  if (!hasIngress(stack)) return own
  const { ingress } = stack.networks
  const tasks = stack.tasks.flatMap(({ endpoints }) => endpoints[ingress.name]?.address ?? [])
  return {
    ...own,
    ingress: { vni: ingress.vni, tasks, sandboxes: [...states.values()].flatMap(sandboxesOf) },
  }
}

/** Virtual addresses of services are there with a prefix of 32 bits, and stand for other people's services, too. */
function sandboxesOf({ namespaces }: HostState): string[] {
  const links = namespaces[ingressNamespace]?.links ?? []
  return links
    .flatMap(({ addresses }) => addresses)
    .filter(
      ({ family, prefixLength, address }) =>
        family === 'inet' && prefixLength < 32 && address !== '127.0.0.1',
    )
    .map(({ address }) => address)
}

/**
 * The same point, except that VXLAN of networks that are not ours is left to the kernel to drop, and so is what on
 * ingress has a task of ours at neither end: it need not go over the connection. This spares bytes and no more: what of
 * the rest is ours is for `KeepPolicy` to tell, packet by packet.
 *
 *     UDP header 8 | VXLAN flags 8, reserved 24, VNI 24, reserved 8 | Ethernet 14 | IPv4     RFC 7348
 *     so the VNI is in udp[12:4], the inner source in udp[42:4], the inner destination in udp[46:4]
 */
export function onlyOwn(point: CapturePoint, { dataPathPort, networks, ingress }: OwnTraffic): CapturePoint {
  if (point.namespace !== undefined) return point
  const ours = [
    ...networks.map(({ vni }) => hasVni(vni)),
    ...(ingress === undefined || ingress.tasks.length === 0 ? [] : [onIngress(ingress)]),
  ]
  const own = [`not udp port ${dataPathPort}`, ...ours].join(' or ')
  const filter = point.filter === undefined ? `(${own})` : `(${point.filter}) and (${own})`
  return { ...point, filter }
}

/** Filters of more terms take a kernel longer for each packet than they spare. */
const mostEnds = 32

function onIngress({ vni, tasks }: OwnIngress): string {
  if (tasks.length > mostEnds) return hasVni(vni)
  return `(${hasVni(vni)} and (${tasks.map(hasEnd).join(' or ')}))`
}

function hasVni(vni: number): string {
  return `udp[12:4] & 0xffffff00 = 0x${(vni * 256).toString(16)}`
}

function hasEnd(address: string): string {
  const word = `0x${Buffer.from(address.split('.').map(Number)).toString('hex')}`
  return `udp[42:4] = ${word} or udp[46:4] = ${word}`
}
