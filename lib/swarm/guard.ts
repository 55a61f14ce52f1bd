import { SwarmproofError } from '../error.ts'
import type { Host } from '../host/host.ts'
import type { RemoteProcess } from '../remote/remote.ts'
import { quote } from '../remote/script.ts'
import { cleanScript, guardScript, settingsText } from './guard-script.ts'

export interface GuardOptions {
  readonly runId: string
  /** Prefix of names, see `StackNames`. */
  readonly prefix: string
  /** Below which the guard's folder is made; default `/run`, which a reboot empties. */
  readonly root?: string
  readonly silenceSeconds?: number
  readonly lapseSeconds?: number
  readonly beatMs?: number
  readonly tickSeconds?: number
  /** How long the regular end may take on a host; after that the host goes on by itself. */
  readonly cleanSeconds?: number
}

/**
 * Sees to it that hosts which are somebody's are rid of a run whatever becomes of it. Two ways lead to the same
 * script: disposing runs it, and so do the hosts themselves when the run has died.
 *
 * How long a host waits: 15 s after the connection ended without a new one (a killed process, a closed laptop whose
 * connection was reset), 60 s without any sign of life (a cable that was pulled, of which sshd hears nothing for
 * hours). A connection that is lost and made anew in between changes nothing.
 */
export interface Guard extends AsyncDisposable {
  /** On every host, removed at the end. */
  readonly folder: string
  /** Aborted, with a SwarmproofError as the reason, when a host has cleaned up by itself: what is verified is gone. */
  readonly lost: AbortSignal
  /** To be called before the image is brought there; it is removed in the end. */
  removesImage(host: Host, image: string): Promise<void>
  /** To be called before the folder, an absolute path, is made; it is removed in the end with everything in it. */
  removesFolder(host: Host, path: string): Promise<void>
  /** To be called before the host joins; it leaves in the end. `bridge`: docker_gwbridge was not there before. */
  leavesSwarm(host: Host, options: { readonly bridge: boolean }): Promise<void>
  /** Takes that back: the swarm came about and is to stay. */
  staysInSwarm(host: Host): Promise<void>
}

/** Exit code for a host that is no longer watched over. */
const gone = 44

export async function startGuard(hosts: readonly Host[], options: GuardOptions): Promise<Guard> {
  const { runId, prefix, root = '/run' } = options
  for (const word of [runId, prefix, root]) {
    if (!/^[A-Za-z0-9/_.-]+$/.test(word)) throw new Error(`'${word}' cannot stand in a guard's script`)
  }
  const folder = `${root}/swarmproof-${runId}`
  const started: Watch[] = []
  const end = async (): Promise<void> => {
    const results = await Promise.allSettled(started.map((watch) => watch.end()))
    const errors = results.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []))
    if (errors.length > 0) throw notRemoved(errors, runId)
  }
  const lost = new AbortController()
  try {
    await Promise.all(hosts.map(async (host) => started.push(await Watch.start(host, folder, options, lost))))
  } catch (error) {
    await end().catch(() => undefined)
    throw error
  }
  return {
    folder,
    lost: lost.signal,
    removesImage: (host, image) => run(host, `echo ${quote(image)} >>${folder}/images`),
    removesFolder: (host, path) => run(host, `echo ${quote(path)} >>${folder}/folders`),
    leavesSwarm: (host, { bridge }) =>
      run(host, `: >${folder}/leave${bridge ? `; : >${folder}/bridge` : ''}`),
    staysInSwarm: (host) => run(host, `rm -f ${folder}/leave ${folder}/bridge`),
    [Symbol.asyncDispose]: end,
  }
}

/** One host that is watched over. */
class Watch {
  readonly #host: Host
  readonly #folder: string
  readonly #lost: AbortController
  readonly #timer: NodeJS.Timeout
  readonly #cleanSeconds: number
  #lifeline: RemoteProcess | undefined
  #beats = 0
  #beating: Promise<void> | undefined
  #ending = false

  private constructor(
    host: Host,
    folder: string,
    lost: AbortController,
    { beatMs = 5_000, cleanSeconds = 150 }: GuardOptions,
  ) {
    this.#host = host
    this.#folder = folder
    this.#lost = lost
    this.#cleanSeconds = cleanSeconds
    this.#timer = setInterval(() => void (this.#beating ??= this.#beat()), beatMs)
    this.#timer.unref()
  }

  static async start(
    host: Host,
    folder: string,
    options: GuardOptions,
    lost: AbortController,
  ): Promise<Watch> {
    const { runId, prefix, silenceSeconds = 60, lapseSeconds = 15, tickSeconds = 1 } = options
    const settings = settingsText({
      folder,
      label: `swarmproof=${runId}`,
      prefix,
      silenceSeconds,
      lapseSeconds,
      tickSeconds,
    })
    const put = (name: string, text: string): Promise<void> => run(host, `cat >${folder}/${name}`, text)
    await run(
      host,
      `mkdir -m 700 ${folder} && mkfifo ${folder}/line && : >${folder}/watch && echo 0 >${folder}/beat`,
    )
    await put('settings', settings)
    await put('clean', cleanScript)
    await put('guard', guardScript)
    const detached = `setsid sh ${folder}/guard ${folder} >/dev/null 2>&1 </dev/null &`
    const isUp = `n=0; until [ -s ${folder}/pid ]; do n=$((n+1)); [ $n -lt 50 ] || exit 1; sleep 0.2; done`
    await run(
      host,
      `command -v setsid >/dev/null || { echo 'no setsid (package util-linux)' >&2; exit 1; }
${detached}
${isUp}`,
    )
    const watch = new Watch(host, folder, lost, options)
    await watch.#beat()
    return watch
  }

  /** Removes everything now. The host is watched over until nothing is left, for this may be cut short, too. */
  async end(): Promise<void> {
    this.#ending = true
    const folder = this.#folder
    const script = [
      // It took this run for dead and is at it by itself.
      `[ -e ${folder}/watch ] || { n=0; while [ -d ${folder} ]; do n=$((n+1)); [ $n -lt ${this.#cleanSeconds} ] || { echo 'left: the host is still at it'; exit 1; }; sleep 1; done; exit 0; }`,
      `sh ${folder}/clean ${folder} ${this.#cleanSeconds} || exit 1`,
      `p=$(cat ${folder}/pid) && grep -q ${folder} /proc/$p/cmdline && kill -KILL -$p`,
      `rm -rf ${folder}`,
    ].join('\n')
    try {
      const { exitCode, stdout } = await this.#host.remote.exec(script, {
        timeoutMs: (2 * this.#cleanSeconds + 60) * 1000,
      })
      if (exitCode !== 0) throw new Error(`${this.#host.name}: ${stdout.trim()}`)
    } finally {
      clearInterval(this.#timer)
      await this.#beating
      await this.#lifeline?.stop().catch(() => undefined)
    }
  }

  async #beat(): Promise<void> {
    this.#beats += 1
    const script = `[ -e ${this.#folder}/watch ] || exit ${gone}; echo ${this.#beats} >${this.#folder}/beat`
    try {
      const { exitCode } = await this.#host.remote.exec(script, { timeoutMs: 20_000, idempotent: true })
      if (exitCode === gone) this.#lose()
      else this.#lifeline ??= await this.#tie()
    } catch {
      // The next beat tries again; that the connection is lost is for those to say who need it.
    } finally {
      this.#beating = undefined
    }
  }

  /** A process that lives as long as this connection, holding the line. */
  async #tie(): Promise<RemoteProcess> {
    const process = await this.#host.remote.spawn(`exec sleep 2147483647 3>${this.#folder}/line`)
    process.stdout.resume()
    process.stderr.resume()
    const over = (): void => {
      if (!this.#ending) this.#lifeline = undefined
    }
    process.exited.then(over, over)
    return process
  }

  #lose(): void {
    if (this.#ending || this.#lost.signal.aborted) return
    this.#lost.abort(
      new SwarmproofError({
        code: 'GUARD_FIRED',
        what: 'the host heard nothing of this run for too long, took it for dead and removed what it had created',
        host: this.#host.name,
        hint: 'run it again; the connection to the hosts, or this machine, stood still for a minute',
      }),
    )
  }
}

async function run(host: Host, script: string, input?: string): Promise<void> {
  const { exitCode, stderr } = await host.remote.exec(script, input === undefined ? {} : { input })
  if (exitCode === 0) return
  throw new SwarmproofError({
    code: 'GUARD_FAILED',
    what: 'the host cannot be watched over, so nothing is created there',
    host: host.name,
    observed: `exit code ${exitCode}: ${stderr.trim().slice(-300)}`,
  })
}

function notRemoved(errors: readonly unknown[], runId: string): SwarmproofError {
  const words = errors.map((error) => (error instanceof Error ? error.message : String(error)))
  return new SwarmproofError({
    code: 'NOT_REMOVED',
    what: 'not everything the run created could be removed; the hosts go on trying by themselves',
    observed: words.join('; '),
    hint: `on a manager: docker service ls --filter label=swarmproof=${runId}; docker network ls --filter label=swarmproof=${runId}`,
  })
}
