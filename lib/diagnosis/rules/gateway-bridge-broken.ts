import type { HostState, Link } from '../../observe/host-state.ts'
import { ingressNamespace } from '../../swarm/namespaces.ts'
import { gatewayBridgeName } from '../../topology/swarm-defaults.ts'
import { canEndAt } from '../ends.ts'
import { isBehindGateway } from '../gateway-bridge.ts'
import type { LabView, Reported } from '../lab-view.ts'
import { statesOf } from '../meanwhile.ts'
import { isOfOwnMesh } from '../own-mesh.ts'
import type { Draft, Rule } from '../rule.ts'

/** docker_gwbridge of a node is down, has lost its address, or the ingress sandbox is not on it. */
export const gatewayBridgeBroken: Rule = {
  code: 'gateway-bridge-broken',
  title: 'docker_gwbridge of a node is down, has no address, or lacks the port of the ingress sandbox',
  severity: ['cause'],
  meaning:
    'Published ports and what containers send outside pass docker_gwbridge. The engine sets it up once. A network manager that takes it for one of its own (NetworkManager, systemd-networkd with a file for all interfaces), or a hand, sets it down, removes its address, or takes a port off: published ports of this node are silent and its containers do not get out, while overlays work.',
  proof: [
    'In the host’s own namespace the bridge is down or has no IPv4 address, although containers have addresses behind it; or the other end of the ingress sandbox’s interface is down or has no master',
    'Published ports of the node, or what its tasks sent outside, were missed',
  ],
  silencedBy: [
    'The bridge is up, has its address, and the sandbox is on it',
    'What was missed ended elsewhere',
  ],
  remedy: [
    'Up again: `ip link set docker_gwbridge up`; the address is that of `docker network inspect docker_gwbridge`, `ip addr add GATEWAY/16 dev docker_gwbridge`; a port, `ip link set VETH master docker_gwbridge up`',
    'Keep managers off: NetworkManager `unmanaged-devices=interface-name:docker*;interface-name:veth*` in a file of /etc/NetworkManager/conf.d; systemd-networkd a `.network` file that matches them with `Unmanaged=yes`',
  ],
  reports: [],
  find: (lab) => lab.nodeNames.flatMap((node) => draftsOf(lab, node)),
  gravity: 59,
}

interface Broken {
  /** Behind `docker_gwbridge of NODE`. */
  readonly what: string
  readonly command: string
  /** Published ports alone. */
  readonly isOfMesh: boolean
}

function draftsOf(lab: LabView, node: string): Draft[] {
  const [state] = statesOf(lab, node)
  const bridge = state?.root.links.find(({ name }) => name === gatewayBridgeName)
  const broken = state === undefined || bridge === undefined ? undefined : brokenPart(state, bridge)
  if (broken === undefined) return []
  const explains = (problem: Reported): boolean =>
    problem.kind === 'missed' &&
    isOfOwnMesh(problem, node, lab) &&
    (!broken.isOfMesh || !problem.code.startsWith('outbound')) &&
    canEndAt(problem, { at: node })
  return [
    {
      title: `docker_gwbridge of ${node} ${broken.what}: its published ports are silent${broken.isOfMesh ? '' : ', and its containers do not get out'}`,
      cause: `What is translated for a container is sent to docker_gwbridge, and nothing comes through. The engine made it right and does not look again; something on ${node} changed it afterwards.`,
      remedy: [
        `On ${node}: \`${broken.command}\``,
        'Find what did it: `journalctl -u NetworkManager -u systemd-networkd | grep -e gwbridge -e veth`, and have it leave docker_gwbridge and veth devices alone',
      ],
      nodes: [node],
      proof: [`${node}: docker_gwbridge ${broken.what}`],
      explains,
    },
  ]
}

function brokenPart(state: HostState, bridge: Link): Broken | undefined {
  if (!bridge.up) return { what: 'is down', command: `ip link set ${gatewayBridgeName} up`, isOfMesh: false }
  const behind = state.namespaces[ingressNamespace]?.links.filter(({ name }) => name !== 'lo') ?? []
  const portOf = (own: Link | undefined): Link | undefined =>
    state.root.links.find(
      ({ index, peerIndex, kind }) => kind === 'veth' && index === own?.peerIndex && peerIndex === own.index,
    )
  const [length = 16] = behind
    .filter((one) => portOf(one)?.master === gatewayBridgeName)
    .flatMap(({ addresses }) =>
      addresses.flatMap(({ family, prefixLength }) => (family === 'inet' ? [prefixLength] : [])),
    )
  if (!bridge.addresses.some(({ family }) => family === 'inet'))
    return {
      what: 'has no IPv4 address',
      command: `ip addr add $(docker network inspect --format '{{(index .IPAM.Config 0).Gateway}}' ${gatewayBridgeName})/${length} dev ${gatewayBridgeName}`,
      isOfMesh: false,
    }
  const inside = behind.find(({ addresses }) =>
    addresses.some(({ family, address }) => family === 'inet' && isBehindGateway(state, address)),
  )
  const port = portOf(inside)
  if (port === undefined || (port.up && port.master === gatewayBridgeName)) return undefined
  return {
    what: `lacks the port of the ingress sandbox: ${port.name} ${port.master === gatewayBridgeName ? 'is down' : `is not on it`}`,
    command: `ip link set ${port.name} master ${gatewayBridgeName} up`,
    isOfMesh: true,
  }
}
