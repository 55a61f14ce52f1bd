import type Docker from 'dockerode'
import pLimit from 'p-limit'
import { defaultCommandTimeoutMs, runBounded } from './bounded-run.ts'
import type { RawResult } from './bounded-run.ts'
import { commandLine } from './command-line.ts'
import { ContainerProcess } from './container-process.ts'
import { downloadCommand, fileError, transferTimeoutMs, uploadCommand } from './file-commands.ts'
import { RemoteError } from './remote-error.ts'
import type { ExecOptions, ExecResult, Remote, RemoteProcess, SpawnOptions } from './remote.ts'
import type { Script } from '../script.ts'

/** Each command is a process the engine has to prepare: more at once take longer, not less. */
const commandsAtOnce = 8
/** An engine under load takes its time to start a command; one that takes longer than this does not answer. */
const answerWithinMs = 60_000

/**
 * Runs commands in a running container by the engine's exec. An engine tells of a signal as shells do: a command that
 * exits with 128 and the number of a signal is told as ended by that signal.
 */
export function containerRemote(host: string, container: Docker.Container): Remote {
  return new ContainerRemote(host, container)
}

class ContainerRemote implements Remote {
  readonly host: string
  readonly #container: Docker.Container
  readonly #limit = pLimit(commandsAtOnce)
  readonly #processes = new Set<ContainerProcess>()
  #disposed: Promise<void> | undefined

  constructor(host: string, container: Docker.Container) {
    this.host = host
    this.#container = container
  }

  async exec(script: Script, options: ExecOptions = {}): Promise<ExecResult> {
    const command = script.text
    const input = options.input === undefined ? undefined : Buffer.from(options.input)
    const startedAt = performance.now()
    const result = await this.#run(command, options.timeoutMs ?? defaultCommandTimeoutMs, input)
    return {
      ...result,
      stdout: result.stdout.toString('utf8'),
      stderr: result.stderr.toString('utf8'),
      durationMs: performance.now() - startedAt,
    }
  }

  async spawn(script: Script, options: SpawnOptions = {}): Promise<RemoteProcess> {
    const command = script.text
    const stdin = options.stdin ?? 'lifeline'
    const line = commandLine(this.host, command, stdin === 'pipe' ? 'pipe' : 'none')
    return this.#start(line, command, stdin)
  }

  async upload(content: Uint8Array | string, remotePath: string, mode = 0o600): Promise<void> {
    const result = await this.#run(
      uploadCommand(remotePath, mode).text,
      transferTimeoutMs,
      Buffer.from(content),
    )
    if (result.exitCode !== 0) throw fileError(this.host, `cannot write ${remotePath}`, result)
  }

  async download(remotePath: string): Promise<Buffer> {
    const result = await this.#run(downloadCommand(remotePath).text, transferTimeoutMs)
    if (result.exitCode !== 0) throw fileError(this.host, `cannot read ${remotePath}`, result)
    return result.stdout
  }

  /** Ends every process of this Remote in the container. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#disposed ??= Promise.allSettled([...this.#processes].map((process) => process.stop())).then(
      () => undefined,
    )
    return this.#disposed
  }

  async #run(command: string, timeoutMs: number, given?: Buffer): Promise<RawResult> {
    const input = given === undefined || given.length === 0 ? undefined : given
    const line = commandLine(this.host, command, input === undefined ? 'none' : { bytes: input.length })
    return this.#limit(async () => {
      const process = await this.#start(line, command, input === undefined ? 'lifeline' : 'pipe')
      const result = await runBounded(process, { host: this.host, command, timeoutMs, input })
      if (this.#disposed !== undefined) throw this.#closedError(true)
      return result
    })
  }

  async #start(line: string, command: string, stdin: 'lifeline' | 'pipe'): Promise<ContainerProcess> {
    if (this.#disposed !== undefined) throw this.#closedError()
    const exec = await this.#create(line)
    // The end of its connection ends a command that is started when nobody waits for it any more.
    const socket = await answered(exec.start({ hijack: true, stdin: true }), (late) => late.destroy()).catch(
      (error: unknown) => {
        throw this.#refused(error, true)
      },
    )
    const state = {
      exitCode: async (): Promise<number | undefined> => {
        const { Running: running, ExitCode: code } = await exec.inspect()
        return running ? undefined : (code ?? undefined)
      },
    }
    const process = new ContainerProcess(this.host, socket, state, command, stdin)
    this.#processes.add(process)
    const forget = (): boolean => this.#processes.delete(process)
    process.exited.then(forget, forget)
    if (this.#disposed !== undefined) await process.stop()
    return process
  }

  #create(line: string): Promise<Docker.Exec> {
    const outputs = { AttachStdin: true, AttachStdout: true, AttachStderr: true }
    const created = this.#container.exec({
      ...outputs,
      ...{ Cmd: ['/bin/sh', '-c', line], User: '0', WorkingDir: '/' },
    })
    // What was created and not started is nothing.
    return answered(created, () => undefined).catch((error: unknown) => {
      throw this.#refused(error, false)
    })
  }

  /** An answer of the engine that is a refusal means that nothing ran; no answer at all may mean anything. */
  #refused(error: unknown, started: boolean): RemoteError {
    const { statusCode, message } = error as { statusCode?: number; message?: string }
    const answered = statusCode !== undefined
    return new RemoteError({
      code: started && !answered ? 'EXEC_LOST' : 'EXEC_CONNECT',
      host: this.host,
      what: 'a command could not be run in the container',
      expected: 'a running container on an engine that answers',
      observed: (message ?? String(error)).trim(),
      mayHaveStarted: started && !answered,
      cause: error,
    })
  }

  #closedError(mayHaveStarted = false): RemoteError {
    const what = mayHaveStarted ? 'a command was ended by the end of its Remote' : 'the Remote was disposed'
    return new RemoteError({ code: 'REMOTE_CLOSED', host: this.host, what, mayHaveStarted })
  }
}

/** What the engine answers, within the limit; what comes later is given to `tooLate`. */
function answered<T>(asked: Promise<T>, tooLate: (value: T) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    let waiting = true
    const timer = setTimeout(() => {
      waiting = false
      reject(new Error(`the engine did not answer within ${answerWithinMs / 1000} s`))
    }, answerWithinMs)
    asked
      .then((value) => (waiting ? resolve(value) : tooLate(value)), reject)
      .finally(() => clearTimeout(timer))
  })
}
