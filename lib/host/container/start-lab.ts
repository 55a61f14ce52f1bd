import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { hostname } from 'node:os'
import { SwarmproofError } from '../../error.ts'
import { labImage } from '../../loaded-image.ts'
import { step } from '../../progress.ts'
import { ownIdentity } from '../../setup/process-identity.ts'
import { impairedAttachments } from '../../topology/impaired-attachments.ts'
import type { NodeSpec, Topology } from '../../topology/topology.ts'
import type { Host, StartOptions } from '../host.ts'
import { impairmentFact } from '../impair.ts'
import { connectNode, hostOf } from './connect-hosts.ts'
import { ContainerLab } from './container-lab.ts'
import type { Engine } from './engine.ts'
import { engineWords } from './engine-words.ts'
import { hostImages } from './engine-image.ts'
import type { HostImage } from './engine-image.ts'
import type { HostContainer, HostSpec } from './host-container.ts'
import { refuseImpossibleForContainers } from './refuse-impossible.ts'
import { containerWarmUpScript } from './host-init.ts'
import { aboutFormat, factsLabel } from './lab-labels.ts'
import { findLabs, markLab, removeHosts, removeLab } from './lab-parts.ts'
import { pointTestcontainersAt } from './point-testcontainers.ts'
import { findPrivileges } from './privileges.ts'
import type { Privileges } from './privileges.ts'
import { requireNetem } from './require-netem.ts'
import { makeRoomForNeighbours } from './room-for-neighbours.ts'
import { weakerFact } from './shared-kernel.ts'
import { createUnderlays, networkName } from './underlay-networks.ts'

const warmUpLimitMs = 180_000

interface Plan {
  readonly engine: Engine
  readonly labId: string
  readonly topology: Topology
  readonly imageOf: (node: NodeSpec) => HostImage
  readonly privileges: Privileges
  readonly facts: Readonly<Record<string, string>>
  readonly options: StartOptions
}

/** Starts a lab on an engine. A failure or abort half way removes what was made. */
export async function startContainerLab(
  engine: Engine,
  topology: Topology,
  image: string | undefined,
  options: StartOptions,
): Promise<ContainerLab> {
  refuseImpossibleForContainers(topology)
  const { progress, signal } = options
  const imageOf = await hostImages(engine, topology, image, options)
  const labId = `${topology.name.slice(0, 24)}-${randomBytes(3).toString('hex')}`
  const createdAt = new Date().toISOString()
  await markLab(engine, {
    ...{ format: aboutFormat, id: labId, createdAt, topology },
    ...{ machine: hostname(), owner: ownIdentity() },
  })
  try {
    const [first] = topology.nodes
    if (first === undefined) throw new RangeError('a topology without nodes')
    const privileges = await findPrivileges(engine, imageOf(first).tag, labId)
    if (privileges.kind !== 'privileged') progress.note(`Hosts run with ${privileges.description}`)
    await requireNetem(engine, imageOf(first).tag, labId, topology)
    const image = imageOf(first).tag
    await makeRoomForNeighbours(engine, { image, labId, nodes: topology.nodes.length, privileges }, progress)
    await createUnderlays(engine, labId, topology)
    const facts = factsOf(engine, topology, imageOf, privileges)
    pointTestcontainersAt(engine.endpoint)
    const plan: Plan = { engine, labId, topology, imageOf, privileges, facts, options }
    const started = await startAll(plan)
    signal.throwIfAborted()
    const containers = new Map(started.map(({ host, containerId }) => [host.name, containerId]))
    const hosts = started.map(({ host }) => host)
    return new ContainerLab(engine, { id: labId, topology, hosts, facts, kept: false, containers })
  } catch (error) {
    for (const lab of await findLabs(engine, labId)) await removeLab(engine, lab)
    signal.throwIfAborted()
    throw error
  }
}

interface StartedHost {
  readonly host: Host
  readonly containerId: string
}

/** All hosts at once. When one fails, or on abort, the others lose their containers and come to their ends, too. */
async function startAll(plan: Plan): Promise<readonly StartedHost[]> {
  // Only labs of containers wait for it to be loaded.
  const { HostContainer: Container } = await import('./host-container.ts')
  const { engine, labId, topology, options } = plan
  const starting = topology.nodes.map((node) => startHost(plan, node, Container))
  const aborted = new AbortController()
  const abort = new Promise<never>((_, reject) => {
    const tell = (): void => reject(options.signal.reason as Error)
    options.signal.addEventListener('abort', tell, { signal: aborted.signal })
  })
  try {
    return await Promise.race([Promise.all(starting), abort])
  } catch (error) {
    for (const lab of await findLabs(engine, labId)) await removeHosts(engine, lab)
    await Promise.allSettled(starting)
    throw error
  } finally {
    aborted.abort()
  }
}

async function startHost(plan: Plan, node: NodeSpec, Container: typeof HostContainer): Promise<StartedHost> {
  const { engine, topology, options } = plan
  return step(options.progress, 'Starting', node.name, async (current) => {
    options.signal.throwIfAborted()
    const container = await new Container(engine, hostSpec(plan, node)).start().catch((error: unknown) => {
      throw notStarted(node, error)
    })
    const remote = connectNode(engine, node, container.getId(), options.signal)
    current.update('waiting for its engine')
    const { stdout, stderr, exitCode } = await remote.exec(containerWarmUpScript(labImage), {
      timeoutMs: warmUpLimitMs,
    })
    options.signal.throwIfAborted()
    if (exitCode !== 0) throw engineNotStarted(node, exitCode, `${stdout}\n${stderr}`)
    return { host: await hostOf(topology, node, remote), containerId: container.getId() }
  })
}

function hostSpec({ engine, labId, topology, imageOf, privileges, facts }: Plan, node: NodeSpec): HostSpec {
  const attached = topology.underlays.flatMap((underlay) => {
    const address = node.addresses[underlay.name]
    return address === undefined ? [] : [{ name: networkName(labId, underlay.name), address }]
  })
  return {
    ...{ labId, node: node.name, image: imageOf(node).tag, memoryMib: node.memoryMib, privileges },
    networks: attached,
    mayLoadModules: engine.sharesOurKernel && existsSync(`/lib/modules/${engine.kernelRelease}`),
    nameserver: attached[0]?.address ?? '127.0.0.1',
    impaired: impairedAttachments(node, topology),
    neighbours: topology.nodes.flatMap(({ name, addresses }) => {
      const address = addresses[topology.swarm.advertise]
      return address === undefined || name === node.name ? [] : [{ name, address }]
    }),
    labels: { [factsLabel]: JSON.stringify(facts) },
  }
}

function factsOf(
  engine: Engine,
  topology: Topology,
  imageOf: Plan['imageOf'],
  privileges: Privileges,
): Readonly<Record<string, string>> {
  const { nodes } = topology
  const images = [...new Set(nodes.map((node) => imageOf(node).description))]
  return {
    'outer engine': `Docker ${engine.version} on ${engine.operatingSystem}, ${engine.endpoint.url} (${engine.endpoint.source})`,
    'engine image': images.join(' / '),
    privileges: privileges.description,
    'shared kernel': `all ${nodes.length} hosts run on the one kernel ${engine.kernelRelease}${engine.sharesOurKernel ? ', that of the machine swarmproof runs on' : ''}`,
    'weaker for it': weakerFact(),
    ...impairmentFact(topology),
  }
}

function notStarted(node: NodeSpec, error: unknown): SwarmproofError {
  return new SwarmproofError({
    code: 'HOST_NOT_STARTED',
    what: 'the container of a host did not start',
    host: node.name,
    observed: engineWords(error),
    hint: 'virtual machines need no engine: --hosts vm',
    cause: error,
  })
}

function engineNotStarted(node: NodeSpec, exitCode: number, output: string): SwarmproofError {
  const log = output.trimEnd().split('\n').slice(-30)
  return new SwarmproofError({
    code: 'ENGINE_NOT_STARTED',
    what: 'the Docker engine in the container did not start',
    host: node.name,
    observed: `exit code ${exitCode}: ${log.slice(-2).join(' | ')}`,
    hint: 'virtual machines need nothing of the outer engine: --hosts vm',
    log,
    logSource: `the engine of ${node.name}`,
  })
}
