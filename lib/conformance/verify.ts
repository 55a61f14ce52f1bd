import { boundAmong } from '../bound-among.ts'
import { setTimeout as delay } from 'node:timers/promises'
import { Inconclusive } from '../inconclusive.ts'
import { MissingPrerequisite } from '../missing-prerequisite.ts'
import { type Judgement, judgement, type Missing } from '../observation/judgement.ts'
import { OwnTime, takingOwnTime } from '../own-time.ts'
import { restsOnTime } from '../observation/rests-on-time.ts'
import { redact } from '../redact.ts'
import { type Circumstances, decide, managersOf } from './decide.ts'
import type { CollectedEvidence } from './evidence.ts'
import { causeOfThrown, describeMissing, isExpected, missingOf } from './missing.ts'
import { type Observed, threwOf } from './observations.ts'
import type { ContextOf, SharedContext } from './shared-context.ts'
import type { StarvedHost } from './starved.ts'
import type { ConformanceTest, Feature } from './test.ts'
import type { Outcome, Verdict } from './verdict.ts'

export interface VerifyOptions {
  readonly timeoutMs: number
  /** Features the lab lacks, each with what is missing for it. */
  readonly missing: ReadonlyMap<Feature, Missing>
  /** Ids that may disrupt or reconfigure hosts swarmproof did not make. */
  readonly disruptive?: readonly string[]
  /** Hosts share a kernel that is not theirs to change. */
  readonly sharesKernel?: boolean
  readonly version?: string
  /** Given what is begun: it may go on after the verdict, where it took too long or the run was interrupted. */
  readonly onObserving?: (work: Promise<unknown>) => void
  /** Hosts that were short of processor time since it began; asked where time alone may explain a failure. */
  readonly starved?: () => Promise<readonly StarvedHost[]>
}

export interface Verification {
  readonly verdict: Verdict
  readonly generation: number
  /** File of its observations, below the run's folder. */
  readonly observations?: string
  /** It was skipped, but only after it had begun, and may have changed the lab by then. */
  readonly begun?: true
  /** A capture may have missed packets, so that taking it again may help. */
  readonly captureIncomplete?: true
  /** Hosts that were short of processor time meanwhile, where it failed otherwise. */
  readonly starved?: readonly StarvedHost[]
  /** What was thrown, for mocha's reporters and the log. */
  readonly error?: Error
}

/**
 * Observes one requirement, judges what was seen, and decides by the policy that is the same for all. What is thrown on
 * the way never says anything about the network: what is lacking makes a skip, an error of a host or an engine is
 * inconclusive, and any other is an error of our own code.
 * @throws the abort reason when the run was interrupted: then there is no verdict
 */
export async function verify(
  test: ConformanceTest,
  context: ContextOf,
  evidence: CollectedEvidence,
  options: VerifyOptions,
): Promise<Verification> {
  const { generation } = context
  // Nothing is created once a run was interrupted.
  context.signal.throwIfAborted()
  const before = withoutObserving(test, context, options)
  if (before !== undefined) return { verdict: before, generation }
  const limitMs = boundAmong(context.facts.nodes.length, Math.max(options.timeoutMs, test.timeLimitMs ?? 0))
  const startedAt = new Date().toISOString()
  let observed: Observed
  let thrown: unknown
  try {
    const ownTime = new OwnTime()
    const work = takingOwnTime(ownTime, () =>
      test.observe({
        ...context,
        keepPackets: (name, packets) => evidence.packets(name, packets),
      }),
    )
    options.onObserving?.(work)
    observed = { seen: await within(limitMs, context.signal, work, ownTime) }
  } catch (error) {
    context.signal.throwIfAborted()
    thrown = causeOfThrown(error)
    observed = { threw: threwOf(thrown) }
  }
  const stored = {
    ...{ requirement: test.id, lab: context.topology.name, generation, startedAt },
    ...{ endedAt: new Date().toISOString(), swarmproofVersion: options.version ?? '' },
  }
  const keep = (what: Observed): { readonly file: string; readonly seen: unknown } =>
    context.observations.keep({ ...stored, ...what })
  let kept: { readonly file: string; readonly seen: unknown }
  try {
    kept = keep(observed)
  } catch (error) {
    thrown = error
    observed = { threw: threwOf(error) }
    kept = keep(observed)
  }
  const found = 'seen' in observed ? judgedSafely(test, kept.seen, context) : { error: thrown }
  const { verdict, starved } =
    'judged' in found
      ? await decided(found.judged, options, {
          evidence: await withPackets(evidence, found.judged),
          managers: managersOf(context.facts),
        })
      : { verdict: verdictOfThrown(found.error, evidence), starved: [] }
  const error = 'error' in found && found.error instanceof Error ? found.error : undefined
  return {
    ...{ verdict: redacted(verdict), generation, observations: kept.file },
    ...(verdict.outcome === 'skip' ? { begun: true as const } : {}),
    ...('judged' in found && hasBlind(found.judged) ? { captureIncomplete: true as const } : {}),
    ...(starved.length > 0 ? { starved } : {}),
    ...(error === undefined ? {} : { error }),
  }
}

async function decided(
  judged: Judgement,
  { sharesKernel = false, starved: ask }: Pick<VerifyOptions, 'sharesKernel' | 'starved'>,
  given: Pick<Circumstances, 'evidence' | 'managers'>,
): Promise<{ readonly verdict: Verdict; readonly starved: readonly StarvedHost[] }> {
  const circumstances: Circumstances = { ...given, sharesKernel }
  const verdict = decide(judged, circumstances)
  const mayBeLate = verdict.outcome === 'fail' && verdict.problems.some(({ code }) => restsOnTime(code))
  const starved = mayBeLate ? ((await ask?.()) ?? []) : []
  return { verdict: starved.length > 0 ? decide(judged, { ...circumstances, starved }) : verdict, starved }
}

/** The same with what was stored, without a lab. */
export function judgedSafely(
  test: Pick<ConformanceTest, 'judge'>,
  seen: unknown,
  { facts }: Pick<ContextOf, 'facts'>,
): { readonly judged: Judgement } | { readonly error: unknown } {
  try {
    return { judged: test.judge(seen, facts) }
  } catch (error) {
    return { error }
  }
}

/** A verdict for which nothing needs to be observed; undefined where something does. */
export function withoutObserving(
  test: ConformanceTest,
  context: Pick<SharedContext, 'cluster' | 'outsiders'>,
  options: VerifyOptions,
): Verdict | undefined {
  const refusal = refused(test, context, options)
  if (refusal !== undefined) return plainVerdict('skip', refusal)
  const lacking = test.needs.flatMap((feature) => options.missing.get(feature) ?? [])
  const [first] = lacking
  if (first === undefined) return undefined
  const decided = decide(judgement({ missing: lacking, conclusion: '' }), {
    sharesKernel: options.sharesKernel ?? false,
  })
  return decided
}

/**
 * Here, in front of the only calls of `observe` and `run`, and by the hosts themselves: no choice of tests, provider or
 * caller gets around it.
 */
function refused(
  test: ConformanceTest,
  context: Pick<SharedContext, 'cluster' | 'outsiders'>,
  options: VerifyOptions,
): string | undefined {
  if (test.safety === 'production' || options.disruptive?.includes(test.id)) return undefined
  const hosts = [...context.cluster.nodes.map(({ host }) => host), ...context.outsiders]
  const foreign = hosts.filter(({ origin }) => !origin.owned)
  if (foreign.length === 0) return undefined
  const names = foreign.map(({ name }) => name).join(', ')
  return `disruptive: it may disrupt or reconfigure ${names}, which swarmproof did not make; name it with --disruptive ${test.id}`
}

export function plainVerdict(outcome: Outcome, reason: string, evidence: Verdict['evidence'] = []): Verdict {
  return { outcome, reason, problems: [], controls: [], measures: [], missing: [], unseen: [], evidence }
}

/** What a verdict is where something was thrown instead of observed. */
function verdictOfThrown(thrown: unknown, { entries }: Pick<CollectedEvidence, 'entries'>): Verdict {
  if (thrown instanceof MissingPrerequisite) {
    const missing = missingOf(thrown)
    return { ...plainVerdict('skip', describeMissing(missing), entries), missing: [missing] }
  }
  const error = thrown instanceof Error ? thrown : new Error(String(thrown))
  if (isExpected(error)) {
    const { code = 'UNNAMED', host } = threwOf(error)
    const threw = { code, ...(host === undefined ? {} : { host }) }
    return { ...plainVerdict('inconclusive', error.message, entries), threw }
  }
  const { name, message } = error as Error
  return plainVerdict('broken', `an error in swarmproof itself: ${name}: ${message}`, entries)
}

async function withPackets(
  evidence: CollectedEvidence,
  { packets }: Judgement,
): Promise<Verdict['evidence']> {
  for (const [name, refs] of Object.entries(packets))
    if (refs.length > 0) await evidence.packetsAt(name, refs)
  return evidence.entries
}

function hasBlind({ unseen }: Judgement): boolean {
  return unseen.some(({ blind }) => blind === true)
}

function redacted(verdict: Verdict): Verdict {
  return { ...verdict, reason: redact(verdict.reason) }
}

async function within<T>(
  timeoutMs: number,
  signal: AbortSignal,
  work: Promise<T>,
  ownTime: OwnTime,
): Promise<T> {
  const done = new AbortController()
  // The loser of the race may still reject later; that must not end the process.
  work.catch(() => undefined)
  const limit = pastOwnTime(timeoutMs, AbortSignal.any([signal, done.signal]), ownTime).then(() => {
    throw new Inconclusive({
      code: 'TIME_LIMIT',
      what: `not finished within ${timeoutMs / 1000} s; raise --timeout if the hosts are slow`,
    })
  })
  try {
    return await Promise.race([work, limit])
  } finally {
    done.abort()
    limit.catch(() => undefined)
  }
}

/** Others that never let it go on must not keep it for ever: no more than the limit once more is waited for them. */
async function pastOwnTime(limitMs: number, signal: AbortSignal, ownTime: OwnTime): Promise<void> {
  const latest = performance.now() + 2 * limitMs
  for (;;) {
    const leftMs = Math.min(limitMs - ownTime.ms, latest - performance.now())
    if (leftMs <= 0) return
    await delay(Math.max(1, leftMs), undefined, { signal })
  }
}
