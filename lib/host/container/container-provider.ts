import { SwarmproofError, unknownName } from '../../error.ts'
import type { Topology } from '../../topology/topology.ts'
import type { HostProvider, ListedLab, StartOptions } from '../host.ts'
import { cleanContainers, containerCandidates } from './clean.ts'
import { connectNode, hostOf } from './connect-hosts.ts'
import { ContainerLab } from './container-lab.ts'
import { reachEngine, requireEngine } from './engine.ts'
import { factsLabel } from './lab-labels.ts'
import { findLabs, hostContainer, labRecords, removeLab } from './lab-parts.ts'
import type { LabParts } from './lab-parts.ts'
import { containerOrigin } from './origin.ts'
import { startContainerLab } from './start-lab.ts'

export interface ContainerOptions {
  /** An image on the engine or in a registry, or `local`; docker's own where it is not given. */
  readonly engineImage?: string | undefined
}

/** Hosts are containers, each with an engine in it, of whatever engine this machine reaches. */
export class ContainerProvider implements HostProvider {
  readonly origin = containerOrigin
  readonly candidates = containerCandidates
  readonly clean = cleanContainers
  readonly #image: string | undefined

  constructor({ engineImage }: ContainerOptions = {}) {
    this.#image = engineImage
  }

  withImage(engineImage: string): ContainerProvider {
    return new ContainerProvider({ engineImage })
  }

  async start(topology: Topology, options: StartOptions): Promise<ContainerLab> {
    return startContainerLab(await requireEngine(), topology, this.#image, options)
  }

  /** None where no engine is reachable. */
  async list(): Promise<readonly ListedLab[]> {
    const engine = await reachEngine()
    return typeof engine === 'string' ? [] : labRecords(await findLabs(engine))
  }

  async attach(labId: string): Promise<ContainerLab> {
    const engine = await requireEngine()
    const [parts] = await findLabs(engine, labId)
    if (parts?.about === undefined) throw await this.#unknown(labId)
    const { topology } = parts.about
    const containers = new Map(topology.nodes.map(({ name }) => [name, runningContainer(parts, name)]))
    const hosts = await Promise.all(
      topology.nodes.map((node) => {
        const remote = connectNode(
          engine,
          node,
          containers.get(node.name) ?? '',
          new AbortController().signal,
        )
        return hostOf(topology, node, remote)
      }),
    )
    const facts = JSON.parse(parts.containers[0]?.Labels[factsLabel] ?? '{}') as Record<string, string>
    return new ContainerLab(engine, { id: labId, topology, hosts, facts, kept: true, containers })
  }

  async remove(labId: string): Promise<void> {
    const engine = await requireEngine()
    const [parts] = await findLabs(engine, labId)
    if (parts === undefined) throw await this.#unknown(labId)
    await removeLab(engine, parts)
  }

  async #unknown(labId: string): Promise<Error> {
    const labs = await this.list()
    return unknownName(
      'lab',
      labId,
      labs.map(({ id }) => id),
    )
  }
}

export const containers: HostProvider = new ContainerProvider()

function runningContainer(parts: LabParts, node: string): string {
  const container = hostContainer(parts, node)
  if (container?.State === 'running') return container.Id
  throw new SwarmproofError({
    code: 'LAB_BROKEN',
    what: `lab '${parts.id}' does not run, or not all of it`,
    host: node,
    expected: 'its container to run',
    observed: container?.Status ?? 'it is gone',
    hint: 'type: swarmproof clean --all',
  })
}
