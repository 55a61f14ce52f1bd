import { EventEmitter, once } from 'node:events'
import type { Host } from '../host/host.ts'
import { readLines } from '../remote/bounded-lines.ts'
import type { RemoteProcess } from '../remote/remote.ts'
import { scriptFile } from '../script-file.ts'
import { sh } from '../script.ts'

const script = scriptFile(import.meta.url, 'guard-line.sh')

/** What comes later is for a call of its own to find out. */
const heardWithinMs = 10_000

/**
 * A process that lives as long as this connection and holds the line of a guard: its end tells the guard that the run may be
 * dead. Beats go over it, for a call each takes an emulated host a tenth of a second, every few seconds, while the run lasts.
 */
export class GuardLine {
  readonly #process: RemoteProcess
  readonly #answers = new EventEmitter()
  readonly #over = new AbortController()
  #heard = 0

  private constructor(process: RemoteProcess) {
    this.#process = process
    const over = (): void => this.#over.abort()
    readLines(process.stdout, (line) => {
      this.#heard = Math.max(this.#heard, Number(line) || 0)
      this.#answers.emit('answer')
    }).then(over, over)
    process.stdin.on('error', over)
    process.stderr.resume()
    process.exited.then(over, over)
  }

  /** @throws RemoteError when the host does not start it */
  static async hold({ remote }: Host, folder: string): Promise<GuardLine> {
    return new GuardLine(await remote.spawn(sh`exec sh -c ${script.text} line ${folder}`, { stdin: 'pipe' }))
  }

  get isOver(): boolean {
    return this.#over.signal.aborted
  }

  /** Whether the guard has the beat. If not, the line does not say why. @param number greater than those before */
  async beat(number: number): Promise<boolean> {
    if (this.isOver) return false
    const signal = AbortSignal.any([this.#over.signal, AbortSignal.timeout(heardWithinMs)])
    this.#process.stdin.write(`${number}\n`)
    while (this.#heard < number && !signal.aborted)
      await once(this.#answers, 'answer', { signal }).catch(() => undefined)
    return this.#heard >= number
  }

  async stop(): Promise<void> {
    await this.#process.stop().catch(() => undefined)
  }
}
