import { InputError, unknownName } from '../../error.ts'
import type { Topology } from '../../topology/topology.ts'
import type { Host, Lab } from '../host.ts'
import type { Engine } from './engine.ts'
import { findLabs, markKept, removeLab } from './lab-parts.ts'

export interface RunningLab {
  readonly id: string
  readonly topology: Topology
  readonly hosts: readonly Host[]
  readonly facts: Readonly<Record<string, string>>
  readonly kept: boolean
  /** Id of the container of each node. */
  readonly containers: ReadonlyMap<string, string>
}

/** Containers of an engine. They start in seconds, so nothing is saved of them. */
export class ContainerLab implements Lab {
  readonly startedFrom = 'cold-boot'
  readonly id: string
  readonly topology: Topology
  readonly hosts: readonly Host[]
  readonly facts: Readonly<Record<string, string>>
  readonly #engine: Engine
  readonly #containers: ReadonlyMap<string, string>
  #kept: boolean
  #disposed: Promise<void> | undefined

  constructor(engine: Engine, lab: RunningLab) {
    this.id = lab.id
    this.topology = lab.topology
    this.hosts = lab.hosts
    this.facts = lab.facts
    this.#engine = engine
    this.#containers = lab.containers
    this.#kept = lab.kept
  }

  async keep(): Promise<void> {
    this.#kept = true
    await markKept(this.#engine, this.id)
  }

  sshArguments(host: string): readonly string[] {
    throw new InputError({
      code: 'NO_SSH',
      what: `'${host}' is a container and has no SSH server`,
      hint: `${this.shellCommand(host).join(' ')}, or swarmproof exec ${host} -- COMMAND`,
    })
  }

  /** What opens a shell on a host, from a terminal of this machine. */
  shellCommand(host: string): readonly string[] {
    const container = this.#containers.get(host)
    if (container === undefined) throw unknownName('node', host, [...this.#containers.keys()])
    const { url } = this.#engine.endpoint
    return ['docker', '--host', url, 'exec', '-it', container.slice(0, 12), 'sh']
  }

  /** A lab that was kept stays; all others leave nothing behind. Idempotent. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#disposed ??= this.#dispose()
    return this.#disposed
  }

  async #dispose(): Promise<void> {
    if (this.#kept) {
      await Promise.all(this.hosts.map(({ remote }) => remote[Symbol.asyncDispose]()))
      return
    }
    const closing = Promise.allSettled(this.hosts.map(({ remote }) => remote[Symbol.asyncDispose]()))
    for (const lab of await findLabs(this.#engine, this.id)) await removeLab(this.#engine, lab)
    await closing
  }
}
