import { firstLineOf, SwarmproofError } from '../error.ts'
import { systemdFolder } from '../change/detach.ts'
import type { Host } from '../host/host.ts'
import { type Script, sh } from '../script.ts'
import { GuardLine } from './guard-line.ts'
import { guardProgram } from './guard-program.ts'
import {
  addScript,
  beatScript,
  finishScript,
  goneExit,
  restartedExit,
  startScript,
  stayScript,
} from './guard-scripts.ts'
import { type Leftover, readLeftovers } from './leftovers.ts'

export interface GuardOptions {
  readonly runId: string
  /** Prefix of names, see `StackNames`. */
  readonly prefix: string
  /** Below which the guard's folder is made; default `/var/lib/swarmproof`, which a restart of the host leaves. */
  readonly root?: string
  readonly systemdFolder?: string
  readonly silenceSeconds?: number
  readonly lapseSeconds?: number
  readonly beatMs?: number
  readonly tickSeconds?: number
  /** How many looks the regular end takes on a host; after that the host goes on by itself. */
  readonly cleanLooks?: number
  /** The command that removes from here what is left; default `swarmproof clean HOSTS --run ID`. */
  readonly cleanCommand?: string
  /** A host is restarted on purpose by what is verified: that does not end the run. */
  readonly restartsExpected?: boolean
  /** Told when a host was restarted; its guard runs again by then. */
  readonly onRestart?: (host: Host) => void
}

export const guardRoot = '/var/lib/swarmproof'

/** Told of what ends a run. */
export type Lose = (reason: SwarmproofError) => void

/** One host that is watched over. */
export class GuardedHost {
  readonly host: Host
  readonly folder: string
  readonly #options: GuardOptions
  readonly #lose: Lose
  /** What is to be removed, as the host has it in its folder, which may be gone when it is needed. */
  readonly #entries: string[] = []
  #timer: NodeJS.Timeout | undefined
  #boot = ''
  #line: GuardLine | undefined
  #beats = 0
  #beating: Promise<void> | undefined
  #ending = false

  constructor(host: Host, options: GuardOptions, lose: Lose) {
    this.host = host
    this.folder = `${options.root ?? guardRoot}/${options.runId}`
    this.#options = options
    this.#lose = lose
  }

  /** @throws SwarmproofError `GUARD_FAILED`, after which nothing of it is left on the host */
  async start(): Promise<void> {
    await this.#launch('first')
    await this.#beat()
    this.#timer = setInterval(
      () => void (this.#beating ??= this.#beat().finally(() => (this.#beating = undefined))),
      this.#options.beatMs ?? 5_000,
    )
    this.#timer.unref()
  }

  /** To be called before what the entry names is made. */
  async add(...entries: readonly string[]): Promise<void> {
    const added = entries.filter((entry) => !this.#entries.includes(entry))
    if (added.length === 0) return
    this.#entries.push(...added)
    await this.#must(sh`sh -c ${addScript.text} add ${[this.folder, ...added]}`)
  }

  async stays(): Promise<void> {
    const others = this.#entries.filter((entry) => !/^(swarm|bridge|formed) /.test(entry))
    this.#entries.splice(0, this.#entries.length, ...others)
    await this.#must(sh`sh -c ${stayScript.text} stay ${this.folder}`)
  }

  /**
   * Removes everything now, whatever became of the guard meanwhile, and returns what is left. The host is watched over
   * until nothing is, for this may be cut short, too. Never throws.
   */
  async end(): Promise<Leftover[]> {
    this.#ending = true
    const { runId, prefix, tickSeconds = 1, cleanLooks = 150, root = guardRoot } = this.#options
    const again = this.#options.cleanCommand ?? `swarmproof clean HOSTS --run ${runId}`
    const lost = (why: string): Leftover => ({
      host: this.host.name,
      what: `whatever the run created there: ${why}`,
      remove: again,
    })
    try {
      const words = [this.folder, `swarmproof=${runId}`, prefix, tickSeconds, cleanLooks, ...this.#entries]
      const cleaned = await this.host.remote.exec(sh`sh -c "$(cat)" guard clean ${words}`, {
        input: guardProgram.text,
        timeoutMs: (2 * cleanLooks + 150) * 1000,
      })
      if (cleaned.exitCode !== 0) {
        const left = readLeftovers(cleaned.stdout, this.host.name, again)
        return left.length > 0 ? left : [lost(`cleaning up there ended with exit code ${cleaned.exitCode}`)]
      }
      const finished = await this.host.remote.exec(sh`sh -c ${finishScript.text} finish ${this.#place()}`)
      if (finished.exitCode === 0) return []
      return [
        {
          host: this.host.name,
          what: `folder ${this.folder}`,
          remove: `rm -r ${root}/${runId}`,
        },
      ]
    } catch (error) {
      return [lost(firstLineOf(error))]
    } finally {
      clearInterval(this.#timer)
      await this.#beating
      await this.#line?.stop()
    }
  }

  async #launch(mode: 'first' | 'again'): Promise<void> {
    const { runId, prefix, silenceSeconds = 60, lapseSeconds = 15, tickSeconds = 1 } = this.#options
    const ticks = (seconds: number): number => Math.ceil(seconds / tickSeconds)
    const settings = [`swarmproof=${runId}`, prefix, tickSeconds, ticks(silenceSeconds), ticks(lapseSeconds)]
    const entries = mode === 'again' ? this.#entries : []
    this.#boot = (
      await this.#must(
        sh`sh -c ${startScript.text} start ${[mode, ...this.#place(), ...settings, ...entries]}`,
        guardProgram.text,
      )
    ).trim()
  }

  #place(): string[] {
    const { runId, systemdFolder: systemd = systemdFolder } = this.#options
    return [this.folder, `swarmproof-${runId}`, systemd]
  }

  async #beat(): Promise<void> {
    this.#beats += 1
    try {
      if (await this.#line?.beat(this.#beats)) return
      // That the guard is gone, or of another boot, is told by a call alone.
      const { exitCode } = await this.host.remote.exec(
        sh`sh -c ${beatScript.text} beat ${[this.folder, this.#boot, this.#beats]}`,
        { timeoutMs: 20_000, idempotent: true },
      )
      if (exitCode === goneExit) this.#tookForDead()
      else if (exitCode === restartedExit) await this.#restarted()
      else if (this.#line?.isOver ?? true) this.#line = await GuardLine.hold(this.host, this.folder)
    } catch {
      // The next beat tries again; that the connection is lost is for those to say who need it.
    }
  }

  #tookForDead(): void {
    if (this.#ending) return
    this.#lose(
      new SwarmproofError({
        code: 'GUARD_FIRED',
        what: 'the host heard nothing from this run for too long, assumed it dead and removed what it had created',
        host: this.host.name,
        hint: 'run it again; the connection to the host was cut or hung, or this machine was suspended or overloaded',
      }),
    )
  }

  /** The engine comes back with all its services and networks: what the run created there is still to be removed. */
  async #restarted(): Promise<void> {
    if (this.#ending) return
    // It leads to the guard of before.
    await this.#line?.stop()
    await this.#launch('again')
    this.#options.onRestart?.(this.host)
    if (this.#options.restartsExpected === true) return
    this.#lose(
      new SwarmproofError({
        code: 'HOST_RESTARTED',
        what: 'the host restarted during the run, so results from then on are worthless',
        host: this.host.name,
        hint: 'what was created there is removed all the same; run it again',
      }),
    )
  }

  async #must(script: Script, input?: string): Promise<string> {
    const { exitCode, stdout, stderr } = await this.host.remote.exec(
      script,
      input === undefined ? {} : { input },
    )
    if (exitCode === 0) return stdout
    throw new SwarmproofError({
      code: 'GUARD_FAILED',
      what: 'the host cannot be watched over, so nothing is created there',
      host: this.host.name,
      observed: `exit code ${exitCode}: ${stderr.trim().slice(-300)}`,
    })
  }
}
