import { cidrBlock, ipAddress, macAddress, networkId, prefixLength, swarmId } from '../identifier.ts'
import { sh } from '../script.ts'
import type { Cluster, ClusterNode, Endpoint } from './cluster.ts'
import { networkViewFormat, nodeFormat } from '../api-formats.ts'
import { dockerLines } from './docker.ts'
import { inspectListed } from './inspect-listed.ts'

/** What one node's engine believes about one network. */
export interface NetworkView {
  readonly id: string
  readonly name: string
  readonly driver: string
  readonly scope: string
  readonly subnets: readonly string[]
  readonly gateways: readonly string[]
  readonly options: Readonly<Record<string, string>>
  /** Gossip peers of the network, by their address. */
  readonly peers: readonly string[]
  /** Local endpoints by container id, `lb-<network>` or `ingress-sbox`. */
  readonly endpoints: Readonly<Record<string, Endpoint & { readonly name: string }>>
}

interface InspectedNetwork {
  readonly Id: string
  readonly Name: string
  readonly Driver: string
  readonly Scope: string
  readonly IPAM: {
    readonly Config: readonly { readonly Subnet?: string; readonly Gateway?: string }[] | null
  }
  readonly Options: Readonly<Record<string, string>>
  readonly Peers?: readonly { readonly IP: string }[] | null
  readonly Containers: Readonly<
    Record<
      string,
      { readonly Name: string; readonly MacAddress: string; readonly IPv4Address: string } | null
    >
  >
}

/** Every network of every node as its engine sees it, by host name; one remote call a node. */
export async function readNetworkViews(
  cluster: Cluster,
): Promise<ReadonlyMap<string, readonly NetworkView[]>> {
  const views = await Promise.all(
    cluster.nodes.map(async (node) => [node.host.name, await viewsOf(node)] as const),
  )
  return new Map(views)
}

async function viewsOf(node: ClusterNode): Promise<NetworkView[]> {
  const script = inspectListed({
    list: sh`docker network ls -q --no-trunc`,
    inspect: sh`docker network inspect --format ${networkViewFormat}`,
  })
  const networks = (await dockerLines(node.host, script)) as InspectedNetwork[]
  const host = node.host.name
  return networks.map((network) => ({
    id: networkId(network.Id, host),
    name: network.Name,
    driver: network.Driver,
    scope: network.Scope,
    subnets: (network.IPAM.Config ?? []).map(({ Subnet = '' }) => Subnet && cidrBlock(Subnet, host)),
    gateways: (network.IPAM.Config ?? []).map(({ Gateway = '' }) => addressOf(Gateway, host)),
    options: named(network.Options),
    peers: (network.Peers ?? []).map(({ IP }) => ipAddress(IP, host)),
    endpoints: Object.fromEntries(
      Object.entries(named(network.Containers)).map(([id, endpoint]) => {
        const { Name: name, IPv4Address: block, MacAddress: mac } = endpoint
        const length = prefixLength(block.split('/')[1] ?? 0, host)
        const address = addressOf(block, host)
        return [id, { name, address, prefixLength: length, mac: mac && macAddress(mac, host) }]
      }),
    ),
  }))
}

/** Without prefix length; empty where there is none. */
function addressOf(text: string, host: string): string {
  return text === '' ? '' : ipAddress(text.split('/')[0], host)
}

/** Without the empty pair with which `networkViewFormat` begins. */
function named<T>(pairs: Readonly<Record<string, T>>): Readonly<Record<string, NonNullable<T>>> {
  const entries = Object.entries(pairs).flatMap(([name, value]): [string, NonNullable<T>][] =>
    name === '' || value === null || value === undefined ? [] : [[name, value]],
  )
  return Object.fromEntries(entries)
}

/** Swarm's own node list as its manager tells it. */
export interface ListedNode {
  readonly id: string
  readonly hostname: string
  readonly state: string
  readonly availability: string
  readonly address: string
}

export async function listNodes(cluster: Cluster): Promise<ListedNode[]> {
  const script = inspectListed({
    list: sh`docker node ls -q`,
    inspect: sh`docker node inspect --format ${nodeFormat}`,
  })
  const { host } = cluster.manager
  const nodes = (await dockerLines(host, script)) as {
    ID: string
    Description: { Hostname: string }
    Spec: { Availability: string }
    Status: { State: string; Addr: string }
  }[]
  return nodes.map((node) => ({
    id: swarmId(node.ID, host.name),
    hostname: node.Description.Hostname,
    state: node.Status.State,
    availability: node.Spec.Availability,
    address: addressOf(node.Status.Addr ?? '', host.name),
  }))
}
