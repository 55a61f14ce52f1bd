import { printable } from '../printable.ts'
import type { Progress, ProgressStep } from '../progress.ts'
import { type Output, stderr } from './output.ts'
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
  readonly #output: Output
  readonly #style: Style
  readonly #active = new Set<ActiveStep>()
  readonly #timer: NodeJS.Timeout
  #frame = 0
  #shown = false

  constructor(output: Output = stderr) {
    this.#output = output
    this.#style = style(output)
    this.#timer = setInterval(() => this.#tick(), output.isTTY ? refreshMs : heartbeatMs)
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
    this.print(this.#output, `  ${this.#style.dim(text.replaceAll('\n', '\n  '))}\n`)
  }

  /** Writes text without mixing it with the status line. */
  print(output: Output, text: string): void {
    this.#erase()
    output.write(text)
    this.#draw()
  }

  close(): void {
    clearInterval(this.#timer)
    this.#erase()
  }

  #end(step: ActiveStep, mark: string, detail: string): void {
    if (!this.#active.delete(step)) return
    const seconds = ((performance.now() - step.startedAt) / 1000).toFixed(1)
    const tail = detail === '' ? '' : `  ${detail.replaceAll('\n', '\n    ')}`
    this.print(this.#output, `${mark} ${label(step)} ${this.#style.dim(`${seconds} s${tail}`)}\n`)
  }

  #tick(): void {
    this.#frame = (this.#frame + 1) % frames.length
    if (this.#output.isTTY) {
      this.#erase()
      this.#draw()
    } else if (this.#active.size > 0) {
      this.#output.write(`  … ${this.#status()}\n`)
    }
  }

  #draw(): void {
    if (!this.#output.isTTY || this.#active.size === 0) return
    const { columns = 0 } = this.#output
    const width = columns > 10 ? columns : 80
    // Made printable before it is cut: what is replaced takes more columns.
    const line = printable(`${frames[this.#frame] ?? ''} ${this.#status()}`)
    this.#output.write(line.length < width ? line : `${line.slice(0, width - 2)}…`)
    this.#shown = true
  }

  #erase(): void {
    if (this.#shown) this.#output.eraseLine()
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
      .replaceAll(/\s*\n\s*/g, ' ')
  }
}

function label(step: ActiveStep): string {
  return step.host === undefined ? step.what : `${step.what} (${step.host})`
}
