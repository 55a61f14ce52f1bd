import type { Progress, ProgressStep } from '../progress.ts'
import { type Style, style } from './terminal.ts'

const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']
const refreshMs = 120
/** Without a terminal, a step that takes long is told again this often, so that a CI log shows life. */
const heartbeatMs = 30_000

interface ActiveStep {
  readonly what: string
  readonly host: string | undefined
  readonly startedAt: number
  detail: string
}

/**
 * Progress on standard error: a line for each ended step and, on a terminal, one line below that shows what is
 * under way. Lines of other origin are to be printed through `print`, so that they do not mix with it.
 */
export class LiveProgress implements Progress {
  readonly #stream: NodeJS.WriteStream
  readonly #style: Style
  readonly #active = new Set<ActiveStep>()
  readonly #timer: NodeJS.Timeout
  #frame = 0
  #shown = false

  constructor(stream: NodeJS.WriteStream = process.stderr) {
    this.#stream = stream
    this.#style = style(stream)
    this.#timer = setInterval(() => this.#tick(), stream.isTTY ? refreshMs : heartbeatMs)
    this.#timer.unref()
  }

  begin(what: string, host?: string): ProgressStep {
    const active: ActiveStep = { what, host, startedAt: performance.now(), detail: '' }
    this.#active.add(active)
    this.#draw()
    return {
      update: (detail) => {
        active.detail = detail
      },
      done: (detail) => this.#end(active, this.#style.green('✔'), detail ?? active.detail),
      failed: (reason) => this.#end(active, this.#style.red('✘'), reason),
    }
  }

  note(text: string): void {
    this.print(this.#stream, `  ${this.#style.dim(text.replaceAll('\n', '\n  '))}\n`)
  }

  /** Writes text to a stream without mixing it with the status line. */
  print(stream: NodeJS.WriteStream, text: string): void {
    this.#erase()
    stream.write(text)
    this.#draw()
  }

  close(): void {
    clearInterval(this.#timer)
    this.#erase()
  }

  #end(step: ActiveStep, mark: string, detail: string): void {
    if (!this.#active.delete(step)) return
    const seconds = ((performance.now() - step.startedAt) / 1000).toFixed(1)
    const tail = detail === '' ? '' : `  ${detail}`
    this.print(this.#stream, `${mark} ${label(step)} ${this.#style.dim(`${seconds} s${tail}`)}\n`)
  }

  #tick(): void {
    this.#frame = (this.#frame + 1) % frames.length
    if (this.#stream.isTTY) {
      this.#erase()
      this.#draw()
    } else if (this.#active.size > 0) {
      this.#stream.write(`  … ${this.#status()}\n`)
    }
  }

  #draw(): void {
    if (!this.#stream.isTTY || this.#active.size === 0) return
    const width = this.#stream.columns > 10 ? this.#stream.columns : 80
    const line = `${frames[this.#frame] ?? ''} ${this.#status()}`
    this.#stream.write(line.length < width ? line : `${line.slice(0, width - 2)}…`)
    this.#shown = true
  }

  #erase(): void {
    if (this.#shown) this.#stream.write('\r\u001b[2K')
    this.#shown = false
  }

  #status(): string {
    const steps = [...this.#active]
    return steps
      .map((step) => {
        const seconds = Math.round((performance.now() - step.startedAt) / 1000)
        return `${label(step)} ${seconds} s${step.detail === '' ? '' : ` ${step.detail}`}`
      })
      .join(' · ')
  }
}

function label(step: ActiveStep): string {
  return step.host === undefined ? step.what : `${step.what} (${step.host})`
}
