import { SwarmproofError, unknownName } from '../../error.ts'
import { withLock } from '../../setup/lock.ts'
import type { Topology } from '../../topology/topology.ts'
import type { Host, Lab, Snapshots, StandingLab } from '../host.ts'
import type { Acceleration } from './acceleration.ts'
import { endLab } from './end-lab.ts'
import { machineFiles, writeLabState } from './lab-directory.ts'
import type { LabState } from './lab-directory.ts'
import { sshArguments } from './lab-connections.ts'
import type { LabContext } from './lab-machines.ts'
import { logTail } from './log-tail.ts'
import { saveLab } from './save-lab.ts'
import { dropStandingLab, standingKey, standingLock } from './standing-lab.ts'

/** What the process that started a lab knows, and what saving it takes. */
export interface Saving {
  readonly acceleration: Acceleration
  readonly context: LabContext
}

/** Running machines of this computer. */
export class VmLab implements Lab {
  readonly hosts: readonly Host[]
  #state: LabState
  readonly #saving: Saving | undefined
  #disposed: Promise<void> | undefined

  constructor(state: LabState, hosts: readonly Host[], saving?: Saving) {
    this.#state = state
    this.hosts = hosts
    this.#saving = saving
  }

  get id(): string {
    return this.#state.id
  }

  get topology(): Topology {
    return this.#state.topology
  }

  get startedFrom(): Lab['startedFrom'] {
    return this.#state.startedFrom
  }

  get facts(): Readonly<Record<string, string>> {
    return this.#state.facts
  }

  get standing(): StandingLab | undefined {
    return this.#state.standing
  }

  readonly snapshots: Snapshots = {
    save: (stackRecipe, notes) =>
      this.#withSaved(stackRecipe, (key, context) => saveLab(this.#state, key, notes, context)),
    drop: (stackRecipe) => this.#withSaved(stackRecipe, (key) => dropStandingLab(key)),
  }

  async keep(): Promise<void> {
    this.#state = { ...this.#state, kept: true }
    await writeLabState(this.#state)
  }

  /** Arguments for the system's own ssh to enter a host. */
  sshArguments(host: string): readonly string[] {
    const machine = this.#state.machines.find(({ node }) => node === host)
    if (machine === undefined)
      throw unknownName(
        'node',
        host,
        this.#state.machines.map(({ node }) => node),
      )
    return sshArguments(this.#state, machine)
  }

  /** What console and emulator of a host said last, by source; for reports on a host that does not answer. */
  async logs(host: string): Promise<Readonly<Record<string, readonly string[]>>> {
    const index = this.#state.machines.findIndex(({ node }) => node === host)
    const files = machineFiles(this.#state, host, index)
    return {
      [`console of ${host}`]: await logTail(files.console),
      [`QEMU of ${host}`]: await logTail(files.emulatorLog),
    }
  }

  /** A lab that was kept stays; all others leave nothing behind. Idempotent. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#disposed ??= this.#dispose()
    return this.#disposed
  }

  async #dispose(): Promise<void> {
    await Promise.allSettled(this.hosts.map(({ remote }) => remote[Symbol.asyncDispose]()))
    if (!this.#state.kept) await endLab(this.#state.id)
  }

  async #withSaved<T>(
    stackRecipe: string,
    work: (key: string, context: LabContext) => Promise<T>,
  ): Promise<T> {
    if (this.#saving === undefined) {
      throw new SwarmproofError({
        code: 'LAB_NOT_OURS',
        what: `lab '${this.id}' was started by another process, which alone may save it`,
      })
    }
    const { acceleration, context } = this.#saving
    const key = standingKey(this.topology, stackRecipe, acceleration, context)
    return withLock(standingLock(key), 'using the same saved lab', context, () => work(key, context))
  }
}
