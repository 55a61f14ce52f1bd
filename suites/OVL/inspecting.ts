import type { ObserveContext } from '../../lib/conformance/context.ts'
import type { ClusterFacts, NetworkFacts, NodeFacts } from '../../lib/observation/facts.ts'
import { type Part, part, type Parted } from '../../lib/observation/part.ts'
import type { Problem } from '../../lib/observation/problem.ts'
import type { NamespaceState } from '../../lib/observe/host-state.ts'
import { ingressNamespace, loadBalancerNamespace } from '../../lib/swarm/namespaces.ts'
import { type NetworkView, readNetworkViews } from '../../lib/swarm/network-view.ts'
import { type GivenAddresses, readGivenAddresses } from '../../lib/swarm/read-addresses.ts'
import { namespaceSeen } from '../scene/judging/kernel-seen.ts'
import { type Inspected, attachmentProblems, disagreements, type ServiceNetworks } from './inspected.ts'

/** One look at what engines, kernels and the API say of the stack's networks. Nothing of other services is in it. */
export interface Inspecting {
  readonly inspected: readonly Inspected[]
  readonly services: readonly ServiceNetworks[]
  /** Whether each kernel could be read, by node. */
  readonly kernels: Readonly<Record<string, Part<null>>>
}

export async function inspect(
  lab: Pick<ObserveContext, 'cluster' | 'facts' | 'kernel'>,
  fresh: boolean,
): Promise<Inspecting> {
  const { cluster, facts } = lab
  const [given, views, kernels] = await Promise.all([
    readGivenAddresses(cluster),
    readNetworkViews(cluster),
    lab.kernel({ fresh }),
  ])
  const states = Object.fromEntries(kernels)
  const networks = Object.values(facts.networks)
  const looks = facts.nodes.flatMap((node) =>
    networks.map((network) => {
      const balancer = network.ingress ? ingressNamespace : loadBalancerNamespace(network.id)
      const namespace = namespaceSeen(states, node.name, balancer, 'devices')
      const view = views.get(node.name)?.find(({ id }) => id === network.id)
      return { node, namespace, one: inspected(network, node, { facts, given, view, balancer, namespace }) }
    }),
  )
  const unread = (name: string) =>
    looks
      .filter(({ node }) => node.name === name)
      .flatMap(({ namespace }) => ('got' in namespace ? [] : [namespace]))
  return {
    inspected: looks.map(({ one }) => one),
    services: serviceNetworks(facts, given),
    kernels: Object.fromEntries(facts.nodes.map(({ name }) => [name, unread(name)[0] ?? { got: null }])),
  }
}

export function inspectionProblems(
  { inspected: all, services }: Inspecting,
  ingress: string | undefined,
): Problem[] {
  return [...all.flatMap(disagreements), ...services.flatMap((one) => attachmentProblems(one, ingress))]
}

export function unreadKernels({ kernels }: Inspecting): Pick<Parted<null>, 'missing' | 'unseen'> {
  return part(kernels, 'namespaces of balancers')
}

/** What `service inspect` says of each service of the stack, beside what its running tasks are attached to. */
function serviceNetworks({ services, nodes }: ClusterFacts, given: GivenAddresses): ServiceNetworks[] {
  const nameOf = (id: string): string => given.networks.find((network) => network.id === id)?.name ?? id
  return Object.values(services).map(({ name }) => {
    const attached = given.tasks.filter(({ of, running }) => running && of === name)
    return {
      service: name,
      asked: (given.services.find((service) => service.name === name)?.networkIds ?? []).map(nameOf),
      tasks: [...new Set(attached.map(({ taskId }) => taskId))].map((taskId) => {
        const own = attached.filter((one) => one.taskId === taskId)
        const node = nodes.find(({ nodeId }) => nodeId === own[0]?.nodeId)?.name ?? ''
        return { label: `${name}@${node}`, node, networks: own.map(({ networkId }) => nameOf(networkId)) }
      }),
    }
  })
}

interface Known {
  readonly facts: ClusterFacts
  readonly given: GivenAddresses
  /** What the node’s engine shows of the network. */
  readonly view: NetworkView | undefined
  readonly balancer: string
  readonly namespace: Part<NamespaceState | undefined>
}

function inspected(network: NetworkFacts, node: NodeFacts, known: Known): Inspected {
  const { facts, given, view, balancer, namespace } = known
  const on = given.tasks.filter(({ networkId, running }) => running && networkId === network.id)
  const members = facts.nodes.filter(
    ({ nodeId }) => network.ingress || on.some((attached) => attached.nodeId === nodeId),
  )
  const endpoints = Object.entries(view?.endpoints ?? {})
  return {
    node: node.name,
    network: network.name,
    // Load balancers are listed under names of their own, not under container ids.
    listed: Object.fromEntries(
      endpoints.filter(([id]) => /^[0-9a-f]{64}$/.test(id)).map(([id, { address }]) => [id, address]),
    ),
    balancers: endpoints
      .filter(([id]) => /^(lb-|ingress-sbox)/.test(id))
      .map(([, { name, address }]) => ({ name, address })),
    balancerNamespace: balancer,
    ...('got' in namespace ? { balancerHolds: addressesOf(namespace.got) } : {}),
    peers: (view?.peers ?? []).toSorted(),
    tasks: Object.fromEntries(
      on
        .filter(({ nodeId }) => nodeId === node.nodeId)
        .map(({ containerId, of, address }) => [containerId, { label: `${of}@${node.name}`, address }]),
    ),
    members: Object.fromEntries(members.map(({ advertise, name }) => [advertise.address, name])),
    takesPart: members.includes(node),
  }
}

function addressesOf(namespace: NamespaceState | undefined): string[] | null {
  if (namespace === undefined) return null
  return namespace.links
    .flatMap(({ addresses }) => addresses)
    .filter(({ family, address }) => family === 'inet' && !address.startsWith('127.'))
    .map(({ address }) => address)
}
