import type { Readable } from 'node:stream'
import { printable } from '../printable.ts'
import { mayHoldKey, redact, redactLines } from '../redact.ts'
import { redactValue } from '../redact-value.ts'
import { paintMark } from './terminal.ts'

/** What an `Output` needs of a stream; `process.stdout` is one. */
export interface OutputStream extends NodeJS.WritableStream {
  readonly isTTY?: boolean
  readonly columns?: number
}

/** Why nothing is written any more: the reader went away, or there is no room. */
export type OutputEnd = 'closed' | 'failed'

/** Ends of pipes and terminals whose other side is gone. A terminal that was closed answers EIO. */
const closedCodes = new Set(['EPIPE', 'EIO', 'ECONNRESET', 'ERR_STREAM_DESTROYED', 'ENXIO'])

/**
 * One of the two streams of this process, and the only way to them. Whatever is written may hold text of hosts, of
 * stored runs or of whoever answers at port 22. So that it cannot act on a terminal or on a CI log,
 *
 * - every control character is written as `\u001b`; line breaks, tabs and the colours of `style()` stay;
 * - on GitHub Actions a line cannot be a command of a workflow (`::…` at its start, `##[` anywhere);
 * - what looks like a key or a token is removed.
 *
 * Writing never throws and never ends the process: once the reader has gone, or the disk is full, further text is
 * dropped and `end` says why.
 */
export class Output {
  /** Resolves once nothing can be written any more; for commands that have nothing else to do then. */
  readonly ended: Promise<void>
  readonly #stream: OutputStream
  readonly #inWorkflow: boolean
  #end: OutputEnd | undefined
  #code = ''
  #tellEnd: () => void = () => undefined
  #delivered = false
  /** Text of the line that is being written, as far as it can still become a workflow command. */
  #line = ''
  /** Sources that wait until the reader has caught up. */
  readonly #waiting = new Set<Readable>()

  constructor(stream: OutputStream, environment: NodeJS.ProcessEnv = process.env) {
    this.#stream = stream
    this.ended = new Promise((resolve) => (this.#tellEnd = resolve))
    this.#inWorkflow = environment['GITHUB_ACTIONS'] === 'true'
    stream.on('error', (error: NodeJS.ErrnoException) => this.#lose(error))
    stream.on('drain', () => this.#resume())
  }

  get isTTY(): boolean {
    return this.#stream.isTTY === true
  }

  get columns(): number | undefined {
    return this.#stream.columns
  }

  /** Why the stream can no longer be written, if that is so. */
  get end(): OutputEnd | undefined {
    return this.#end
  }

  /** The code of the error that ended it, such as `ENOSPC`. */
  get endCode(): string {
    return this.#code
  }

  /** True if the product of the command was to be written here and did not get through whole. */
  get isProductLost(): boolean {
    return this.#delivered && this.#end !== undefined
  }

  /** Words beside the work: progress, verdicts, where the report is. Losing them changes nothing. */
  write(text: string): void {
    this.#put(this.#harmless(redact(text)))
  }

  /** What the command was called for. If it does not get through, the exit code says so. */
  deliver(text: string): void {
    this.#delivered = true
    this.write(text)
  }

  /** As JSON, in which the same characters are replaced by escapes of JSON: what is parsed is the same. */
  writeJson(value: unknown): void {
    this.#put(this.#harmless(`${JSON.stringify(redactValue(value), undefined, 2)}\n`))
  }

  deliverJson(value: unknown): void {
    this.#delivered = true
    this.writeJson(value)
  }

  /**
   * Waits while the reader is slow. Resolves to false once nobody reads any more. Keys are removed line by line, so a
   * part must not end within a line that may hold one; of JSON the values are to be redacted before, see `redactValue`.
   */
  async deliverPart(text: string): Promise<boolean> {
    this.#delivered = true
    if (this.#end !== undefined) return false
    const clean = mayHoldKey(text) ? redactLines(text.split('\n')).join('\n') : text
    await new Promise<void>((resolve) => this.#put(this.#harmless(clean), resolve))
    return this.#end === undefined
  }

  /** A command for GitHub Actions, as `workflowCommand()` composes it from escaped values. */
  workflowCommand(line: string): void {
    if (!/^::[a-z-]+ [^\n\r]*::[^\n\r]*$/.test(line)) throw new Error('not a workflow command')
    this.#put(`${line}\n`)
  }

  /** Removes the line that the cursor is in; for terminals. */
  eraseLine(): void {
    this.#put('\r\u001b[2K')
  }

  /** Bytes of a command that the user runs on a host, as `ssh HOST CMD` would show them. */
  passThrough(source: Readable): void {
    source.on('data', (chunk: Buffer) => {
      if (this.#end !== undefined || this.#stream.write(chunk)) return
      this.#waiting.add(source.pause())
    })
  }

  /** Resolves when what was written has left the process, or cannot. */
  async flush(): Promise<void> {
    if (this.#end !== undefined) return
    await new Promise<void>((resolve) => this.#put('', resolve))
  }

  #put(text: string, done: () => void = () => undefined): void {
    if (this.#end !== undefined) return done()
    try {
      this.#stream.write(text, (error) => {
        if (error) this.#lose(error)
        done()
      })
    } catch (error) {
      this.#lose(error as NodeJS.ErrnoException)
      done()
    }
  }

  #lose({ code = '' }: NodeJS.ErrnoException): void {
    if (this.#end !== undefined) return
    this.#end = closedCodes.has(code) ? 'closed' : 'failed'
    this.#code = code
    this.#resume()
    this.#tellEnd()
  }

  #resume(): void {
    for (const source of this.#waiting) source.resume()
    this.#waiting.clear()
  }

  #harmless(text: string): string {
    const [first = '', ...painted] = text.split(paintMark)
    const shown = [
      printable(first),
      ...painted.map((part) => {
        const paint = /^\[\d{1,2}m/.exec(part)?.[0] ?? ''
        return `${paint === '' ? '' : `\u001b${paint}`}${printable(part.slice(paint.length))}`
      }),
    ].join('')
    return this.#inWorkflow ? this.#withoutCommands(shown) : shown
  }

  /** The runner takes blanks off a line before it looks for `::`, and looks for `##[` in all of it. */
  #withoutCommands(text: string): string {
    return text
      .split('\n')
      .map((part, index) => {
        if (index > 0) this.#line = ''
        const quiet = withoutCommand(part, this.#line)
        this.#line = `${this.#line}${quiet}`.trimStart().slice(-3)
        return quiet
      })
      .join('\n')
  }
}

/** `before` is what stands in the same line already. */
function withoutCommand(part: string, before: string): string {
  const start = part.length - part.trimStart().length
  const opens = before === '' ? part.startsWith('::', start) || part.slice(start) === ':' : false
  const quiet = opens ? `${part.slice(0, start)}\\u003a${part.slice(start + 1)}` : part
  const bracket = /#$/.test(before) && /^#?\[/.test(quiet)
  return (bracket ? quiet.replace('[', '\\u005b') : quiet).replaceAll('##[', '##\\u005b')
}

/** The streams of this process. */
export const stdout = new Output(process.stdout)
export const stderr = new Output(process.stderr)
