import { randomBytes } from 'node:crypto'
import { createWriteStream, type WriteStream } from 'node:fs'
import { once } from 'node:events'
import { messageOf, SwarmproofError } from '../error.ts'
import { missingTool } from '../missing-tool.ts'
import { ownerFile } from '../owner-only.ts'
import type { Packet } from '../packet/packet.ts'
import type { RemoteProcess } from '../remote/remote.ts'
import { canarySnapshotBytes, nonceBytes } from './canary.ts'
import { captureCommand, captureScript, noPerl, noTcpdump } from './capture-script.ts'
import type { Capture, CapturePoint, Recording } from './capture.ts'
import type { KeepPolicy } from './keep/keep-policy.ts'
import { Recorder } from './recorder.ts'
import { readTcpdumpReport, tcpdumpComplaint } from './tcpdump-report.ts'

const fullSnapshotBytes = 262_144
const defaultLimitSeconds = 1_800
/** Kept of one capture, in memory and in its file. */
const keptBytesLimit = 256 * 1024 * 1024
/** A canary is sent again after this time: a queue of the interface may lose it, as it may lose any packet. */
const canaryIntervalMs = 500
const canaryPatienceMs = 20_000
/** For tcpdump to say its statistics, once told to end. */
const endPatienceMs = 10_000

/** One tcpdump on one host, watched over by canaries. */
export class TcpdumpCapture implements Capture {
  readonly point: CapturePoint
  readonly #file: string
  readonly #process: RemoteProcess
  readonly #recorder: Recorder
  readonly #written: WriteStream
  readonly #ended: Promise<string>
  #hasEnded = false
  #exitCode: number | undefined
  #stderr = ''
  #startedAt = ''
  #fileError: Error | undefined
  #recording: Promise<Recording> | undefined

  private constructor(
    point: CapturePoint,
    file: string,
    process: RemoteProcess,
    policy: KeepPolicy | undefined,
  ) {
    this.point = point
    this.#file = file
    this.#process = process
    this.#recorder = new Recorder(keptBytesLimit, policy)
    this.#written = createWriteStream(file, { mode: ownerFile })
    this.#written.on('error', (error) => (this.#fileError = error))
    process.stderr.on(
      'data',
      (chunk: Buffer) => (this.#stderr = (this.#stderr + String(chunk)).slice(-16_384)),
    )
    process.stdout.on('data', (chunk: Buffer) => {
      if (this.#recorder.full) return
      this.#recorder.push(chunk)
      this.#written.write(this.#recorder.takeFile())
      // Of a busy interface: neither the connection nor the disk is to be filled with it.
      if (this.#recorder.full) process.stdin.end()
    })
    process.stdin.on('error', () => undefined)
    this.#ended = process.exited
      .then(
        ({ exitCode }) => {
          this.#exitCode = exitCode
          return `exit code ${exitCode}`
        },
        (error: unknown) => `connection lost: ${messageOf(error)}`,
      )
      .finally(() => (this.#hasEnded = true))
  }

  /**
   * Resolves once a canary was read back. Only what `policy` keeps reaches the file or memory; all does without one.
   * @throws SwarmproofError if the capture did not come up
   */
  static async start(point: CapturePoint, file: string, policy?: KeepPolicy): Promise<TcpdumpCapture> {
    const command = captureCommand({
      limitSeconds: point.limitSeconds ?? defaultLimitSeconds,
      namespace: point.namespace,
      interface: point.interface,
      direction: point.direction,
      snapshotBytes: Math.max(point.snapshotBytes ?? fullSnapshotBytes, canarySnapshotBytes),
      filter: point.filter ?? '',
    })
    const process = await point.host.remote.spawn(command, { stdin: 'pipe' })
    const capture = new TcpdumpCapture(point, file, process, policy)
    process.stdin.write(captureScript)
    try {
      const seenAt = await capture.#canary()
      if (seenAt === undefined) throw await capture.#startError()
      capture.#startedAt = seenAt
      return capture
    } catch (error) {
      await capture[Symbol.asyncDispose]()
      throw error
    }
  }

  packetsSoFar(): readonly Packet[] {
    return this.#recorder.packets(this.point.vxlanPorts)
  }

  stop(): Promise<Recording> {
    this.#recording ??= this.#stop()
    return this.#recording
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#recording === undefined) await this.#end()
    else await this.#recording.catch(() => undefined)
  }

  async #stop(): Promise<Recording> {
    const endedEarly = this.#hasEnded
    const endedAt = endedEarly ? undefined : await this.#canary()
    const diedWaiting = this.#hasEnded
    await this.#end()
    const how = await this.#ended
    const report = readTcpdumpReport(this.#stderr)
    return {
      point: this.point,
      packets: this.#recorder.packets(this.point.vxlanPorts),
      droppedByKernel: report.droppedByKernel ?? 0,
      droppedByInterface: report.droppedByInterface,
      passedOver: this.#recorder.passedOver,
      ...this.#blindness([
        diedWaiting ? `the capture ended early: ${tcpdumpComplaint(this.#stderr) || how}` : undefined,
        !diedWaiting && endedAt === undefined
          ? `its last canary was not recorded within ${canaryPatienceMs / 1000} s`
          : undefined,
        (report.droppedByKernel ?? 0) > 0
          ? `the kernel dropped ${report.droppedByKernel} packets before they were recorded`
          : undefined,
        report.droppedByKernel === undefined && !diedWaiting
          ? `tcpdump gave no drop count (${how})`
          : undefined,
        this.#recorder.trouble,
      ]),
      file: this.#file,
      startedAt: this.#startedAt,
      endedAt: endedAt ?? new Date().toISOString(),
    }
  }

  #blindness(reasons: readonly (string | undefined)[]): { readonly blind?: string } {
    const found = reasons.filter((reason) => reason !== undefined)
    return found.length === 0 ? {} : { blind: found.join('; ') }
  }

  /** Ends the remote process; all of its output was read then, and the file is closed. */
  async #end(): Promise<void> {
    this.#process.stdin.end()
    const overdue = setTimeout(() => void this.#process.stop(), endPatienceMs)
    await this.#ended
    clearTimeout(overdue)
    this.#recorder.end()
    if (!this.#written.closed) {
      this.#written.end(this.#recorder.takeFile())
      if (this.#fileError === undefined) await once(this.#written, 'close')
    }
  }

  /**
   * Sends a canary, again and again, until it is read back, and says when it was captured.
   * Undefined if that took too long or the capture ended.
   */
  async #canary(): Promise<string | undefined> {
    const nonce = randomBytes(nonceBytes).toString('hex')
    const send = (): void => void this.#process.stdin.write(`canary ${nonce}\n`)
    let stopWaiting: () => void = () => undefined
    const seen = new Promise<void>((resolve) => {
      stopWaiting = resolve
      this.#recorder.onCanary(nonce, resolve)
    })
    const interval = setInterval(() => this.#recorder.begun && send(), canaryIntervalMs)
    const patience = setTimeout(stopWaiting, canaryPatienceMs)
    if (this.#recorder.begun) send()
    else this.#process.stdout.once('data', send)
    await Promise.race([seen, this.#ended])
    clearInterval(interval)
    clearTimeout(patience)
    this.#process.stdout.off('data', send)
    return this.#recorder.canarySeenAt(nonce)
  }

  async #startError(): Promise<SwarmproofError> {
    const died = this.#hasEnded
    await this.#end()
    const said = tcpdumpComplaint(this.#stderr)
    const host = this.point.host.name
    if (this.#exitCode === noTcpdump) return missingTool('tcpdump', host)
    if (this.#exitCode === noPerl) return missingTool('perl', host)
    return new SwarmproofError({
      code: 'CAPTURE_START',
      what: `the capture on interface ${this.point.interface} did not come up`,
      host,
      expected: 'a canary sent on the interface is read back from the capture',
      observed: died ? said || (await this.#ended) : `none within ${canaryPatienceMs / 1000} s; ${said}`,
    })
  }
}
