import type { SwarmproofError } from '../error.ts'
import type { Host } from '../host/host.ts'
import { GuardedHost, type GuardOptions } from './guarded-host.ts'
import { LeftBehindError, withoutRepeats } from './leftovers.ts'

export type { GuardOptions } from './guarded-host.ts'

/**
 * Sees to it that hosts which are somebody's are rid of a run whatever becomes of it. Two ways lead to the same
 * program: disposing runs it, and so do the hosts themselves when the run has died.
 *
 * How long a host waits: 15 s after the connection ended without a new one (a killed process, a closed laptop whose
 * connection was reset), 60 s without any sign of life (a cable that was pulled, of which sshd hears nothing for
 * hours). A connection that is lost and made again in between changes nothing. See decision 0016 for what a restart
 * of the host does to it.
 */
export interface Guard extends AsyncDisposable {
  /** On every host, removed at the end. */
  readonly folder: string
  /**
   * Aborted, with a SwarmproofError as the reason, when a host has cleaned up by itself or was restarted: what is
   * verified is gone, or is not what it was.
   */
  readonly lost: AbortSignal
  /**
   * To be called before the image is brought there; it is removed in the end.
   * @param ids what it may be called by where it has lost its name
   */
  removesImage(host: Host, image: string, ids?: readonly string[]): Promise<void>
  /**
   * To be called before the folder is made; it is removed in the end with everything in it.
   * @param path absolute; its last part begins with `swarmproof-`
   */
  removesFolder(host: Host, path: string): Promise<void>
  /**
   * To be called before the host is made a node of a swarm of the run's own: in the end it leaves a swarm of which the
   * engine says one of the words (see `guardProgram`), and no other. Called again, it adds words. `bridge`:
   * docker_gwbridge was not there before, and goes with the swarm.
   */
  leavesSwarm(host: Host, words: readonly string[], options?: { readonly bridge: boolean }): Promise<void>
  /** To be called when the host is in the run's own swarm. */
  joinedSwarm(host: Host): Promise<void>
  /** Takes that back: the swarm came about and is to stay. */
  staysInSwarm(host: Host): Promise<void>
}

/**
 * @throws SwarmproofError `GUARD_FAILED`, after which nothing of the guard is left on any host that can be reached
 */
export async function startGuard(hosts: readonly Host[], options: GuardOptions): Promise<Guard> {
  const lost = new AbortController()
  const lose = (reason: SwarmproofError): void => {
    if (!lost.signal.aborted) lost.abort(reason)
  }
  const guarded = hosts.map((host) => new GuardedHost(host, options, lose))
  const end = async (some: readonly GuardedHost[]): Promise<void> => {
    const left = withoutRepeats((await Promise.all(some.map((one) => one.end()))).flat())
    if (left.length > 0) throw new LeftBehindError(left)
  }
  // Each is waited for: one that comes up after the others were ended would watch over nothing for ever.
  const started = await Promise.allSettled(guarded.map((one) => one.start()))
  const failed = started.find((one) => one.status === 'rejected')
  if (failed !== undefined) {
    await end(guarded.filter((_, index) => started[index]?.status === 'fulfilled')).catch(() => undefined)
    throw failed.reason
  }
  const of = (host: Host): GuardedHost => {
    const found = guarded.find((one) => one.host.name === host.name)
    if (found === undefined) throw new Error(`${host.name} is not watched over`)
    return found
  }
  return {
    folder: guarded[0]?.folder ?? '',
    lost: lost.signal,
    removesImage: (host, image, ids = []) =>
      of(host).add(`image ${image}`, ...ids.map((id) => `unnamed ${id}`)),
    removesFolder: (host, path) => of(host).add(`folder ${path}`),
    leavesSwarm: (host, words, { bridge } = { bridge: false }) =>
      of(host).add(...words.map((word) => `swarm ${word}`), ...(bridge ? ['bridge yes'] : [])),
    joinedSwarm: (host) => of(host).add('formed yes'),
    staysInSwarm: (host) => of(host).stays(),
    [Symbol.asyncDispose]: () => end(guarded),
  }
}
