import { join } from 'node:path'
import type { Clock } from '../poll.ts'
import type { Progress } from '../progress.ts'
import type { PairChoice } from '../observation/pair-sample.ts'
import { someChooseAtRandom } from '../observe/random-balancer.ts'
import { ingressNamespace } from '../swarm/namespaces.ts'
import type { Topology } from '../topology/topology.ts'
import { type ReadyLab, readAgain } from './bring-up.ts'
import { collectHosts } from './collect-hosts.ts'
import { dropsBegun } from './drops-scene.ts'
import { lossesLogged } from './engines-scene.ts'
import { CollectedEvidence } from './evidence.ts'
import { missingFeatures } from './features.ts'
import { knownIssuesOf } from './known-issues.ts'
import { LabSession } from './lab-session.ts'
import { Observations } from './observations.ts'
import { Pace } from './pace.ts'
import { isBroken, type LabRecord, type RequirementRecord, type RunRecord } from './run-record.ts'
import type { RunStore } from './run-store.ts'
import type { SendingLab } from './sending.ts'
import { type SharedContext, sharedContext } from './shared-context.ts'
import { Standstill } from './standstill.ts'
import type { ConformanceTest } from './test.ts'
import { missingLabFeatures, topologyFeatures } from './topology-features.ts'
import { UnfinishedWork } from './unfinished-work.ts'
import type { Lost } from './verdict.ts'
import { plainVerdict, type Verification, verify, type VerifyOptions, withoutObserving } from './verify.ts'
import { verifyWithRetry } from './verify-with-retry.ts'

/** Hosts that lose packets more often are too busy for their captures to be believed. */
const mostRetakes = 3

export interface LabVerificationOptions {
  readonly record: RunRecord
  readonly labRecord: LabRecord
  readonly store: RunStore
  /** Below `captures/` and `hosts/`; empty in a run of one lab. */
  readonly folder: string
  readonly progress: Progress
  readonly signal: AbortSignal
  readonly timeoutMs: number
  /** Ids that may disrupt or reconfigure hosts swarmproof did not make. */
  readonly disruptive?: readonly string[]
  /** Of bursts, in datagrams a second on each way. */
  readonly load?: number
  /** The seed of the sample of ordered pairs of nodes, or all of them. */
  readonly pairs: PairChoice
  /** Brings the same lab up again, as it was saved; undefined for a lab that somebody else owns. */
  readonly raiseAgain?: () => Promise<ReadyLab>
  /** For tests. */
  readonly lost?: (raised: ReadyLab) => Promise<readonly Lost[]>
  readonly lookAgainMs?: number
  readonly clock?: Clock
}

/**
 * Verifies requirements on one lab, also several at a time, and writes each verdict into the record as it falls. Where
 * the lab lost something beneath some of them, it is put back or read again once for all of these, and not before what
 * else is under way has ended.
 */
export class LabVerification {
  /** Of the generation that is now. */
  shared: SharedContext
  readonly session: LabSession
  /** What took too long or was interrupted; it removes by itself what it created. */
  readonly unfinished = new UnfinishedWork()
  readonly pace: Pace
  readonly records: ReadonlyMap<string, RequirementRecord>
  /** Probes, each repeat counted. */
  sent = 0
  /** Aborted where the lab could not be put back: nothing more can be verified. */
  readonly #halt = new AbortController()
  readonly #options: LabVerificationOptions
  readonly #contextOf: (raised: ReadyLab) => SharedContext
  readonly #verifyOptions: VerifyOptions
  readonly #engineVersions: () => string[]
  readonly #features: ReturnType<typeof topologyFeatures>
  readonly #lab: string
  readonly #captures: string
  readonly #standstill = new Standstill()
  #retakesLeft = mostRetakes

  constructor(
    { name, topology }: { readonly name: string; readonly topology: Topology },
    given: ReadyLab,
    options: LabVerificationOptions,
  ) {
    const { record, labRecord, store, folder, progress, signal } = options
    this.#options = options
    this.#lab = name
    this.#captures = join('captures', folder)
    this.#features = topologyFeatures(topology)
    const observations = new Observations(store, folder)
    this.#contextOf = (raised) =>
      sharedContext(raised, {
        ...options,
        ...{ topology, captures: this.#captures, observations },
        // A lab that was given may have changed since its states were read.
        statesAreCurrent: this.#isOwn,
        onSent: (probes) => (this.sent += probes),
      })
    this.shared = this.#contextOf(given)
    this.session = new LabSession(given, {
      ...options,
      ...(this.#isOwn ? {} : { readAgain: (raised: ReadyLab) => readAgain(raised, options) }),
      onRaised: (raised) => (this.shared = this.#contextOf(raised)),
    })
    this.pace = new Pace({
      hosts: () => this.session.raised.cluster.nodes.map(({ host }) => host),
      ...{ progress, signal, log: (entry) => store.log.info(entry) },
      ...(options.clock === undefined ? {} : { clock: options.clock }),
      onWaited(slowedDown) {
        labRecord.slowedDown = slowedDown
        store.save()
      },
    })
    this.#engineVersions = () => this.session.raised.cluster.nodes.map(({ engineVersion }) => engineVersion)
    this.#verifyOptions = {
      ...options,
      version: record.swarmproofVersion,
      onObserving: this.unfinished.add,
      sharesKernel: given.lab.hosts.some(({ origin }) => origin.sharesKernel),
      missing: new Map([
        ...missingFeatures(given.cluster, given.states),
        ...missingLabFeatures(topology),
        ...(given.missing ?? []),
      ]),
    }
    this.records = new Map(
      record.requirements.filter(({ lab }) => lab === name).map((entry) => [entry.id, entry]),
    )
  }

  /** Whether its verdict needs nothing to be observed, for something is missing or it may not be done here. */
  skips(test: ConformanceTest): boolean {
    return withoutObserving(test, this.shared, this.#verifyOptions) !== undefined
  }

  /** The lab as it is for what is sent on it. */
  sendingLab(): SendingLab {
    const { missing } = this.#verifyOptions
    const states = Object.fromEntries(this.session.raised.states)
    return {
      facts: this.shared.facts,
      encrypts: !missing.has('encrypted-overlay'),
      balances: !missing.has('ipvs'),
      random: someChooseAtRandom(states, ingressNamespace),
    }
  }

  /** Says that the lab could not be put back; its reason is why. */
  get halted(): AbortSignal {
    return this.#halt.signal
  }

  get #isOwn(): boolean {
    return this.#options.raiseAgain !== undefined
  }

  /** @throws when the run was interrupted, or the lab could not be put back */
  verify(test: ConformanceTest): Promise<Verification> {
    return this.#standstill.moving(async () => {
      // It may have waited for a lab that was to be put back.
      this.#options.signal.throwIfAborted()
      this.halted.throwIfAborted()
      return this.#verify(test)
    })
  }

  /** Keeps what hosts say, below a folder of `hosts/`. */
  collect(below: string): Promise<void> {
    const { folder, store, progress } = this.#options
    return collectHosts(this.session.raised.cluster, join('hosts', folder, below), store, progress)
  }

  async #verify(test: ConformanceTest): Promise<Verification> {
    const { store } = this.#options
    const requirement = this.records.get(test.id)
    if (requirement === undefined) throw new Error(`${test.id} is not in the record`)
    const unsound = await this.session.ready(test).catch(this.#giveUp)
    await this.shared.scene(dropsBegun).catch(() => undefined)
    requirement.startedAt = new Date().toISOString()
    const startedAt = performance.now()
    const { verification, attempts } =
      unsound === undefined
        ? await verifyWithRetry({ ...this.#retriesOf(test), once: () => this.#once(test) }).catch(
            this.#giveUp,
          )
        : { verification: unknowable(unsound, this.shared.generation), attempts: [] }
    this.session.ended(test, verification.begun ? 'inconclusive' : verification.verdict.outcome)
    requirement.durationMs = Math.round(performance.now() - startedAt)
    requirement.verdict = verification.verdict
    requirement.attempts = [...attempts]
    if (verification.verdict.outcome === 'fail') {
      const known = knownIssuesOf(test.knownIssues ?? [], this.#engineVersions(), this.#features)
      if (known.length > 0) requirement.knownIssues = known
    }
    const { outcome, reason } = requirement.verdict
    store.log.info({ lab: this.#lab, id: test.id, outcome, reason })
    if (outcome === 'broken') store.log.error({ id: test.id, stack: verification.error?.stack })
    store.save()
    // What a disruptive test broke is gone once the lab is put back.
    if (this.#isOwn && test.safety === 'lab' && isBroken(requirement)) await this.collect(test.id)
    return verification
  }

  #once(test: ConformanceTest): Promise<Verification> {
    const { store } = this.#options
    const evidence = new CollectedEvidence(store.folder, test.id, this.#captures)
    const mark = this.pace.mark()
    const starved = () => this.pace.starvedSince(mark)
    return verify(test, this.shared.asking(test), evidence, { ...this.#verifyOptions, starved })
  }

  #retriesOf(test: ConformanceTest) {
    const observeAgain = (why: string): void => {
      this.#retakesLeft -= 1
      this.#options.progress.note(why)
      this.shared = this.#contextOf(this.session.raised)
    }
    const captureAgain = (): void =>
      observeAgain(`What was captured for ${test.id} may lack packets and is captured again`)
    const calmAgain = async (): Promise<boolean> => {
      const isCalm = await this.pace.calm()
      if (isCalm) observeAgain(`The hosts were starved during ${test.id}, which is verified once more`)
      return isCalm
    }
    const mayAgain = (): boolean => test.safety !== 'lab' && this.#retakesLeft > 0
    const { lookAgainMs } = this.#options
    return {
      ...(lookAgainMs === undefined ? {} : { lookAgainMs }),
      lost: () => this.session.lostUnder(test),
      captureAgain: () => (mayAgain() ? captureAgain : undefined),
      calmAgain: () => (mayAgain() ? calmAgain : undefined),
      readAgain: () => this.#readAgainAfter(test),
    }
  }

  #readAgainAfter(test: ConformanceTest): ((lost: readonly Lost[]) => Promise<void>) | undefined {
    const again = this.session.readAgainAfter(test)
    if (again === undefined) return undefined
    const { raised } = this.session
    // Another that the same was lost beneath may have it put back first.
    const isWanted = (): boolean => {
      this.#options.signal.throwIfAborted()
      this.halted.throwIfAborted()
      return this.session.raised === raised
    }
    return (lost) =>
      this.#standstill.change(isWanted, async () => {
        // What a lab lost, and why, is gone once it is put back.
        await this.shared.scene(lossesLogged).catch(() => undefined)
        if (this.#isOwn) await this.collect(test.id)
        await again(lost).catch(this.#giveUp)
      })
  }

  readonly #giveUp = (error: unknown): never => {
    const failure = error instanceof Error ? error : new Error(String(error))
    if (!this.halted.aborted) this.#halt.abort(failure)
    throw failure
  }
}

function unknowable(reason: string, generation: number): Verification {
  return { verdict: plainVerdict('inconclusive', reason), generation, error: new Error(reason) }
}
