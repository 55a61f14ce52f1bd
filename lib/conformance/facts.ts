import type { HostState } from '../observe/host-state.ts'
import type { ClusterFacts, NodeFacts } from '../observation/facts.ts'
import { type PairChoice, pairSample } from '../observation/pair-sample.ts'
import type { ClusterNode, OverlayNetwork, Service, Task } from '../swarm/cluster.ts'
import { hasIngress } from '../swarm/no-ingress.ts'
import type { Topology } from '../topology/topology.ts'
import type { ReadyLab } from './bring-up.ts'

/** A lab as plain data. What an engine was not asked for, or said beyond these fields, is not in it. */
export function factsOf(
  { lab, cluster, stack, built, states, refused = [] }: ReadyLab,
  topology: Topology,
  generation: number,
  pairChoice: PairChoice = 'all',
): ClusterFacts {
  const { name, nodes, underlays, swarm } = topology
  const { probeImage: _, probeNonce: __, ...settings } = topology.stack
  const origins = lab.hosts.map(({ origin }) => origin)
  const networks = Object.entries(stack.networks).filter(([role]) => role !== 'ingress' || hasIngress(stack))
  const members = cluster.nodes.map((node) => nodeFacts(node, states.get(node.host.name)))
  const pairs = pairSample(members, pairChoice)
  return {
    generation,
    readAt: new Date().toISOString(),
    topology: { name, nodes, underlays, swarm, stack: settings },
    nodes: members,
    manager: cluster.manager.host.name,
    outsiders: lab.hosts.filter(({ node }) => node.role === 'outsider').map((host) => host.name),
    dataPathPort: cluster.dataPathPort,
    networks: Object.fromEntries(
      networks.map(([role, network]) => [role, networkFacts(network)]),
    ) as ClusterFacts['networks'],
    services: Object.fromEntries(
      Object.entries(stack.services).map(([role, service]) => [role, serviceFacts(service)]),
    ) as ClusterFacts['services'],
    tasks: stack.tasks.map(taskFacts),
    bulkBytes: stack.bulkBytes,
    namePrefix: stack.names.prefix,
    owned: origins.every(({ owned }) => owned),
    sharesKernel: origins.some(({ sharesKernel }) => sharesKernel),
    built,
    refused,
    ...(pairs === undefined ? {} : { pairs }),
  }
}

function nodeFacts(node: ClusterNode, state: HostState | undefined): NodeFacts {
  const { host, nodeId, role, advertise, dataPath, engineVersion, kernelRelease } = node
  return {
    ...{ name: host.name, nodeId, role, advertise, dataPath, engineVersion, kernelRelease },
    ...(node.advertised === undefined ? {} : { advertised: node.advertised }),
    takesTasks: node.takesTasks !== false,
    macs: Object.fromEntries(
      (state?.root.links ?? []).filter(({ mac }) => mac !== '').map(({ name, mac }) => [name, mac]),
    ),
    modules: Object.fromEntries(
      Object.entries(state?.kernelModules ?? {}).map(([name, loaded]) => [
        name,
        loaded || (state?.loadableModules.includes(name) ?? false),
      ]),
    ),
  }
}

function networkFacts({
  id,
  name,
  subnet,
  gateway,
  vni,
  encrypted,
  ingress,
}: OverlayNetwork): OverlayNetwork {
  return { id, name, subnet, gateway, vni, encrypted, ingress }
}

function serviceFacts({ id, name, endpointMode, vips, published }: Service): Service {
  return { id, name, endpointMode, vips, published }
}

/** A task as data; suites make those of services of their own with it. */
export function taskFacts(task: Task): ClusterFacts['tasks'][number] {
  const { id, service, node, containerId, hostname, endpoints } = task
  return { id, service, node: node.host.name, containerId, hostname, endpoints }
}
