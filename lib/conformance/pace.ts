import { firstLineOf } from '../error.ts'
import type { Host } from '../host/host.ts'
import { readLoadLook } from '../observe/load-look.ts'
import { type Clock, wallClock } from '../poll.ts'
import { type Progress, step } from '../progress.ts'
import type { StoredSlowedDown } from './run-record-schema.ts'
import { describeStarved, type TimedLook, starvedBetween, type StarvedHost } from './starved.ts'
import type { ConformanceTest } from './test.ts'

/** How often hosts are looked at, and how long a run waits for starved ones; `docs/bounds.md` states them. */
export const paceBounds = {
  /** Between two looks at hosts that are not starved: one small call a node. */
  lookEverySeconds: 20,
  /** Between two looks at hosts that may be starved: it takes two to say so. */
  lookAgainSeconds: 5,
  /** Before one requirement. */
  waitSeconds: 60,
  /** On one lab, in all. */
  waitsSeconds: 300,
} as const

/** What answers later says nothing of the hosts that could be compared. */
const answerWithinMs = 15_000
/** A host that did not answer is not asked for so long: each look at it would hold up the run. */
const silentForMs = 120_000
/** Between two looks that are compared. */
const shortestMs = 2000
/** What was denied over as long says enough by itself. */
const sustainedSeconds = 10

export interface PaceOptions {
  /** As they are now: a lab that is put back has others of the same names. */
  readonly hosts: () => readonly Pick<Host, 'name' | 'remote'>[]
  readonly progress: Progress
  readonly signal: AbortSignal
  /** Called after each wait, with all of them. */
  readonly onWaited: (slowedDown: StoredSlowedDown) => void
  readonly log?: (entry: object) => void
  /** For tests. */
  readonly clock?: Clock
}

/** The last look at each host, by name. */
export type HostLooks = ReadonlyMap<string, TimedLook>

/**
 * Slows a run down on hosts that are short of processor time, instead of making their swarm fall over: requirements are
 * then verified one at a time, and none is begun before the hosts are calm again or a bound has come. It looks seldom, and
 * never while something is under way that must have quiet.
 */
export class Pace {
  readonly #options: PaceOptions
  readonly #clock: Clock
  #looks: HostLooks = new Map()
  /** What was seen before that. */
  #earlier: HostLooks = new Map()
  readonly #bestMs = new Map<string, number>()
  #lookedAt = Number.NEGATIVE_INFINITY
  #looking: Promise<void> | undefined
  #starved: readonly StarvedHost[] = []
  #told = false
  #waiting: Promise<void> | undefined
  /** Hosts that did not answer, and when. */
  readonly #silentSince = new Map<string, number>()
  #slowedDown: StoredSlowedDown = { waitedMs: 0, waits: [] }

  constructor(options: PaceOptions) {
    this.#options = options
    this.#clock = options.clock ?? wallClock
  }

  /** Hosts were starved when they were last looked at. */
  get oneAtATime(): boolean {
    return this.#starved.length > 0
  }

  /**
   * Before a requirement is begun. Undefined where it may be begun at once; otherwise resolves when it may, never
   * rejects.
   */
  before(underWay: readonly Pick<ConformanceTest, 'quiet'>[]): Promise<void> | undefined {
    if (underWay.some(({ quiet }) => quiet.length > 0)) return undefined
    const { lookEverySeconds, lookAgainSeconds } = paceBounds
    const dueSeconds = this.oneAtATime ? lookAgainSeconds : lookEverySeconds
    if (this.#clock.now() - this.#lookedAt < dueSeconds * 1000) return undefined
    // What is under way is waited for anyway.
    const mayWait = underWay.length === 0
    return this.#before(mayWait).catch((error: unknown) => this.#options.log?.({ pace: firstLineOf(error) }))
  }

  /** What was seen last, to compare with later. */
  mark(): HostLooks {
    return this.#looks
  }

  /** Hosts that were short of processor time from a mark until now. */
  async starvedSince(mark: HostLooks): Promise<readonly StarvedHost[]> {
    const known = new Set(this.#starved.map(({ node }) => node))
    const isSure = ({ host, by, seconds }: Sign): boolean =>
      known.has(host.node) || (by === 'denied' && seconds >= sustainedSeconds)
    const signs = await this.#look(mark)
    if (signs.length === 0 || signs.every(isSure)) return signs.map(({ host }) => host)
    await this.#sleep(paceBounds.lookAgainSeconds)
    const again = new Set((await this.#look()).map(({ host }) => host.node))
    return signs.filter((sign) => isSure(sign) || again.has(sign.host.node)).map(({ host }) => host)
  }

  /** Waits until no host is starved; false where a bound came first. */
  async calm(): Promise<boolean> {
    await this.#see()
    if (this.oneAtATime) await this.#wait()
    return !this.oneAtATime
  }

  async #before(mayWait: boolean): Promise<void> {
    await this.#see()
    if (this.oneAtATime && mayWait) await this.#wait()
  }

  /** Looks, and once more where that shows signs: what only one look shows passes by itself. */
  async #see(): Promise<void> {
    let signs = await this.#look()
    const isKnown = ({ host }: Sign): boolean => this.#starved.some(({ node }) => node === host.node)
    if (signs.length > 0 && !signs.some(isKnown)) {
      await this.#sleep(paceBounds.lookAgainSeconds)
      const first = new Set(signs.map(({ host }) => host.node))
      signs = (await this.#look()).filter(({ host }) => first.has(host.node))
    }
    this.#starved = signs.map(({ host }) => host)
  }

  /** Those who wait at the same time wait together. */
  #wait(): Promise<void> {
    return (this.#waiting ??= this.#waitForCalm().finally(() => (this.#waiting = undefined)))
  }

  async #waitForCalm(): Promise<void> {
    const { waitSeconds, waitsSeconds, lookAgainSeconds } = paceBounds
    const hosts = this.#starved
    const longestMs = Math.min(waitSeconds * 1000, waitsSeconds * 1000 - this.#slowedDown.waitedMs)
    this.#tell(hosts, longestMs > 0)
    if (longestMs <= 0) return
    const startedAt = new Date().toISOString()
    const began = this.#clock.now()
    const waited = (): number => this.#clock.now() - began
    try {
      await step(this.#options.progress, 'Waiting for starved hosts', undefined, async (current) => {
        current.update(hosts.map(({ node }) => node).join(', '))
        while (this.oneAtATime && waited() < longestMs) {
          await this.#sleep(Math.min(lookAgainSeconds, (longestMs - waited()) / 1000))
          this.#starved = (await this.#look()).map(({ host }) => host)
        }
      })
    } finally {
      const durationMs = Math.round(waited())
      const { waitedMs, waits } = this.#slowedDown
      this.#slowedDown = {
        waitedMs: waitedMs + durationMs,
        waits: [...waits, { startedAt, durationMs, calm: !this.oneAtATime, hosts }],
      }
      this.#options.onWaited(this.#slowedDown)
    }
  }

  #tell(hosts: readonly StarvedHost[], isWaiting: boolean): void {
    if (this.#told) return
    this.#told = true
    const then = isWaiting
      ? 'waiting for them, and then verifying one requirement'
      : 'verifying one requirement'
    this.#options.progress.note(`The hosts are starved: ${describeStarved(hosts)}; ${then} at a time`)
  }

  /** What shows now, compared with an earlier look. Over a moment nothing shows: one just made serves again. */
  async #look(since?: HostLooks): Promise<readonly Sign[]> {
    if (this.#clock.now() - this.#lookedAt >= shortestMs)
      await (this.#looking ??= this.#lookAtAll().finally(() => (this.#looking = undefined)))
    const earlier = since === undefined || since === this.#looks ? this.#earlier : since
    return [...this.#looks].flatMap(([name, now]): Sign[] => {
      const before = earlier.get(name)
      const found = starvedBetween(name, before, now, this.#bestMs.get(name) ?? now.answeredMs)
      if (found === undefined) return []
      const { by, ...host } = found
      return [{ host, by, seconds: now.uptimeSeconds - (before?.uptimeSeconds ?? now.uptimeSeconds) }]
    })
  }

  /** One call a host, in parallel; those who ask at the same time share it. */
  async #lookAtAll(): Promise<void> {
    this.#options.signal.throwIfAborted()
    const looks = new Map<string, TimedLook>()
    await Promise.all(
      this.#options.hosts().map(async (host) => {
        const began = this.#clock.now()
        if (began - (this.#silentSince.get(host.name) ?? -Infinity) < silentForMs) return
        const seen = await readLoadLook(host, answerWithinMs).catch((): undefined => {
          this.#silentSince.set(host.name, this.#clock.now())
        })
        const answeredMs = this.#clock.now() - began
        if (seen === undefined) return
        looks.set(host.name, { ...seen, answeredMs })
        this.#bestMs.set(host.name, Math.min(answeredMs, this.#bestMs.get(host.name) ?? answeredMs))
      }),
    )
    this.#earlier = this.#looks
    this.#looks = looks
    this.#lookedAt = this.#clock.now()
  }

  #sleep(seconds: number): Promise<void> {
    return this.#clock.sleep(seconds * 1000, this.#options.signal)
  }
}

interface Sign {
  readonly host: StarvedHost
  readonly by: 'denied' | 'late'
  /** Between the two looks that were compared. */
  readonly seconds: number
}
