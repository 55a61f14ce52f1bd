import { Readable, Writable } from 'node:stream'
import { perlFile, perlFromInput } from '../script-file.ts'
import { endOfInputGraceMs, killGraceMs } from './lifeline.ts'
import type { Remote, RemoteProcess } from './remote.ts'

type Exit = Awaited<RemoteProcess['exited']>

const kept = new WeakMap<Remote, Map<string, KeptProgram>>()

/**
 * Runs a Perl program on a host as `remote.spawn(perlFromInput(program), { stdin: 'pipe' })` does, in a child of a process that
 * is kept there with the program compiled: what is run again and again costs a tenth then. The kept process begins with the
 * first run, holds one channel and ends with the Remote; where it was lost, the next run begins another. A program that ends
 * its own runs leaves nothing; its process group is that of the kept process.
 *
 * @throws RemoteError as of `spawn`
 */
export async function runKept(remote: Remote, program: string): Promise<RemoteProcess> {
  const programs = kept.get(remote) ?? new Map<string, KeptProgram>()
  kept.set(remote, programs)
  const known = programs.get(program) ?? new KeptProgram(remote, program)
  programs.set(program, known)
  return known.run()
}

const keeper = perlFile(import.meta.url, 'kept.pl')
/** No head is longer. */
const headCharacters = 64
/** As of `kept.pl`. */
const partBytes = 65_536
const wordsCharacters = 600
/** More that nobody read yet holds all runs up. */
const unreadBytes = 1024 * 1024

/** What keeps a program printed something else: nothing of it can be told apart any more. */
export class StrayOutput extends Error {}

class KeptProgram {
  readonly #remote: Remote
  readonly #text: string
  #keeping: Promise<Keeping> | undefined

  constructor(remote: Remote, program: string) {
    this.#remote = remote
    this.#text = keeper + program
  }

  async run(): Promise<RemoteProcess> {
    this.#keeping ??= this.#begin()
    return (await this.#keeping).run()
  }

  async #begin(): Promise<Keeping> {
    try {
      const process = await this.#remote.spawn(perlFromInput(this.#text), { stdin: 'pipe' })
      process.stdin.on('error', () => undefined)
      process.stdin.write(this.#text)
      return new Keeping(process, () => (this.#keeping = undefined))
    } catch (error) {
      this.#keeping = undefined
      throw error
    }
  }
}

/** Of an output of a run, what is yet to come of it. */
interface Part {
  readonly run: KeptRun
  readonly what: 'out' | 'err'
  left: number
}

/** The kept process: takes what it prints apart, by run. */
class Keeping {
  readonly #process: RemoteProcess
  readonly #lost: () => void
  readonly #runs = new Map<number, KeptRun>()
  #last = 0
  #unread: Buffer = Buffer.alloc(0)
  #part: Part | undefined
  #words = ''
  #ended: { readonly exit: Exit } | { readonly error: unknown } | undefined

  constructor(process: RemoteProcess, lost: () => void) {
    this.#process = process
    this.#lost = lost
    process.stderr.on('data', (chunk: Buffer) => {
      this.#words = (this.#words + String(chunk)).slice(-wordsCharacters)
    })
    process.stderr.on('error', () => undefined)
    process.stdout.on('data', (chunk: Buffer) => this.#take(chunk))
    process.stdout.on('error', () => undefined)
    process.exited.then(
      (exit) => this.#end({ exit }),
      (error: unknown) => this.#end({ error }),
    )
  }

  run(): RemoteProcess {
    const id = (this.#last += 1)
    const run = new KeptRun({
      say: (words, bytes) => this.#say(`${id} ${words}`, bytes),
      resume: () => {
        if (![...this.#runs.values()].some((one) => one.isFull)) this.#process.stdout.resume()
      },
      giveUp: (error) => this.#giveUp(error),
    })
    this.#runs.set(id, run)
    if (this.#ended === undefined) void this.#say(`${id} run`)
    else run.lose(this.#ended, this.#words)
    return run
  }

  /** Resolves as the stream takes it, or is gone. */
  #say(head: string, bytes?: Buffer): Promise<void> {
    const text = Buffer.from(`${head}\n`)
    return new Promise((resolve) => {
      this.#process.stdin.write(bytes === undefined ? text : Buffer.concat([text, bytes]), () => resolve())
    })
  }

  #take(chunk: Buffer): void {
    this.#unread = this.#unread.length === 0 ? chunk : Buffer.concat([this.#unread, chunk])
    while (this.#unread.length > 0 && this.#ended === undefined)
      if (!(this.#part === undefined ? this.#takeHead() : this.#takePart(this.#part))) return
  }

  #takePart(part: Part): boolean {
    const bytes = this.#unread.subarray(0, part.left)
    this.#unread = this.#unread.subarray(bytes.length)
    part.left -= bytes.length
    if (part.left === 0) this.#part = undefined
    part.run.take(part.what, bytes)
    if (part.run.isFull) this.#process.stdout.pause()
    return true
  }

  #takeHead(): boolean {
    const at = this.#unread.subarray(0, headCharacters).indexOf(0x0a)
    if (at < 0) {
      if (this.#unread.length >= headCharacters) this.#stray(this.#unread.subarray(0, headCharacters))
      return false
    }
    const head = this.#unread.subarray(0, at)
    this.#unread = this.#unread.subarray(at + 1)
    const words = /^(\d+) (out|err|exit) (-?\d+)$/.exec(head.toString('latin1'))
    const [, id, what, number] = words ?? []
    if (what === undefined || (what !== 'exit' && Number(number) <= 0)) {
      this.#stray(head)
      return false
    }
    const run = this.#runs.get(Number(id))
    // Of a run that ended it says nothing more.
    if (run === undefined || Number(number) > partBytes) {
      this.#stray(head)
      return false
    }
    if (what === 'out' || what === 'err') this.#part = { run, what, left: Number(number) }
    else {
      this.#runs.delete(Number(id))
      run.end({ exitCode: Number(number) })
    }
    return true
  }

  #stray(bytes: Buffer): void {
    this.#giveUp(new StrayOutput(`it said '${bytes.toString('latin1')}', which is not of its protocol`))
  }

  #giveUp(error: Error): void {
    this.#end({ error })
    this.#process.stop().catch(() => undefined)
  }

  #end(how: { readonly exit: Exit } | { readonly error: unknown }): void {
    if (this.#ended !== undefined) return
    this.#ended = how
    this.#lost()
    this.#process.stdout.resume()
    for (const run of this.#runs.values()) run.lose(how, this.#words)
    this.#runs.clear()
  }
}

interface Channel {
  say(words: string, bytes?: Buffer): Promise<void>
  resume(): void
  /** Nothing of it is answered any more. */
  giveUp(error: Error): void
}

/** From the end of input until a run has ended, killed if need be, and a slow host has said so. */
const endedWithinMs = endOfInputGraceMs + killGraceMs + 10_000

/** One run of the program. */
class KeptRun implements RemoteProcess {
  readonly stdout: Readable
  readonly stderr: Readable
  readonly stdin: Writable
  readonly exited: Promise<Exit>
  readonly #channel: Channel
  #settle: { resolve: (exit: Exit) => void; reject: (error: unknown) => void } | undefined
  #hasEnded = false
  #timer: NodeJS.Timeout | undefined

  constructor(channel: Channel) {
    this.#channel = channel
    // When it is asked for more it has not yet handed out what it has.
    const readable = (): Readable =>
      new Readable({ highWaterMark: unreadBytes, read: () => setImmediate(() => channel.resume()) })
    ;[this.stdout, this.stderr] = [readable(), readable()]
    // Whoever stopped to read hears of an error by `exited`.
    for (const stream of [this.stdout, this.stderr])
      stream.on('error', () => undefined).on('close', () => channel.resume())
    this.exited = new Promise((resolve, reject) => (this.#settle = { resolve, reject }))
    this.exited.catch(() => undefined)
    this.stdin = new Writable({
      write: (chunk: Buffer, _encoding, done) => void this.#give(chunk).then(() => done()),
      final: (done) => {
        if (!this.#hasEnded) void channel.say('end')
        this.#hurry()
        done()
      },
    })
    this.stdin.on('error', () => undefined)
  }

  /** So much of it is unread that all runs wait for its reader. */
  get isFull(): boolean {
    return [this.stdout, this.stderr].some(
      (stream) => !stream.destroyed && stream.readableLength >= unreadBytes,
    )
  }

  take(what: 'out' | 'err', bytes: Buffer): void {
    const stream = what === 'out' ? this.stdout : this.stderr
    if (!stream.destroyed) stream.push(bytes)
  }

  end(exit: Exit): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    clearTimeout(this.#timer)
    for (const stream of [this.stdout, this.stderr]) if (!stream.destroyed) stream.push(null)
    this.#settle?.resolve(exit)
  }

  /** With the process that kept it. */
  lose(how: { readonly exit: Exit } | { readonly error: unknown }, words: string): void {
    if (this.#hasEnded) return
    if (words !== '' && !this.stderr.destroyed) this.stderr.push(Buffer.from(words))
    if ('exit' in how) return this.end(how.exit)
    this.#hasEnded = true
    clearTimeout(this.#timer)
    for (const stream of [this.stdout, this.stderr]) stream.destroy(asError(how.error))
    this.#settle?.reject(how.error)
  }

  /** The end of input asks it to end; it gets SIGINT and SIGKILL where it runs on. */
  async stop(): Promise<void> {
    this.stdin.end()
    // Input that it does not take holds up its end.
    this.#hurry()
    for (const stream of [this.stdout, this.stderr]) if (!stream.destroyed) stream.resume()
    await this.exited.catch(() => undefined)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  async #give(chunk: Buffer): Promise<void> {
    if (!this.#hasEnded && chunk.length > 0) await this.#channel.say(`in ${chunk.length}`, chunk)
  }

  #hurry(): void {
    if (this.#hasEnded || this.#timer !== undefined) return
    const steps: readonly (readonly [number, () => void])[] = [
      [endOfInputGraceMs, () => void this.#channel.say('INT')],
      [killGraceMs, () => void this.#channel.say('KILL')],
      [
        endedWithinMs - endOfInputGraceMs - killGraceMs,
        () =>
          this.#channel.giveUp(new Error(`it was told to end and did not within ${endedWithinMs / 1000} s`)),
      ],
    ]
    const next = (index: number): void => {
      const step = steps[index]
      if (step === undefined) return
      this.#timer = setTimeout(() => {
        step[1]()
        if (!this.#hasEnded) next(index + 1)
      }, step[0])
    }
    next(0)
  }
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown))
}
