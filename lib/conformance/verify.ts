import { setTimeout as delay } from 'node:timers/promises'
import { Lacking } from '../lacking.ts'
import { redact } from '../redact.ts'
import type { TestContext } from './context.ts'
import type { CollectedEvidence } from './evidence.ts'
import type { ConformanceTest, Feature } from './test.ts'
import type { Verdict } from './verdict.ts'

export interface VerifyOptions {
  readonly timeoutMs: number
  /** Features the lab lacks, with the reason each is missing. */
  readonly missing: ReadonlyMap<Feature, string>
  /** Ids that may break or shape hosts swarmproof did not make. */
  readonly disruptive?: readonly string[]
}

export interface Verification {
  readonly verdict: Verdict
  /** It was skipped, but only after it had begun, and may have changed the lab by then. */
  readonly begun?: true
  /** What the test threw, for mocha's reporters. */
  readonly error?: Error
}

/**
 * Runs one test and judges how it ended. An assertion error is the network's fault, anything else the
 * harness's, unless it says that something the test rests on is not there: then it is skipped. A test that passed
 * without leaving evidence has proved nothing and is inconclusive.
 * @throws the abort reason when the run was interrupted: then there is no verdict
 */
export async function verify(
  test: ConformanceTest,
  context: TestContext,
  evidence: CollectedEvidence,
  options: VerifyOptions,
): Promise<Verification> {
  const refusal = refused(test, context, options)
  if (refusal !== undefined) return { verdict: { outcome: 'skip', reason: refusal, evidence: [] } }
  const lacking = test.needs.find((feature) => options.missing.has(feature))
  if (lacking !== undefined) return skipped(lacking, options.missing.get(lacking) ?? '')
  try {
    const limitMs = Math.max(options.timeoutMs, test.timeLimitMs ?? 0)
    await within(limitMs, context.signal, test.run(context))
  } catch (thrown) {
    context.signal.throwIfAborted()
    if (thrown instanceof Lacking) return lackingSkip(thrown)
    return judged(thrown, evidence)
  }
  if (evidence.entries.length === 0) return judged(new Error('the test left no evidence'), evidence)
  const reason = evidence.conclusion ?? 'as required'
  return { verdict: { outcome: 'pass', reason, evidence: evidence.entries } }
}

/**
 * Here, in front of the only call of `run`, and by the hosts themselves: no choice of tests, provider or caller gets
 * around it.
 */
function refused(test: ConformanceTest, context: TestContext, options: VerifyOptions): string | undefined {
  if (test.safety === 'production' || options.disruptive?.includes(test.id)) return undefined
  const hosts = [...context.cluster.nodes.map(({ host }) => host), ...context.outsiders]
  const foreign = hosts.filter(({ origin }) => origin !== 'vm' && origin !== 'container')
  if (foreign.length === 0) return undefined
  const names = foreign.map(({ name }) => name).join(', ')
  return `disruptive: it may break or shape ${names}, which swarmproof did not make; name it with --disruptive ${test.id}`
}

function skipped(feature: Feature, why: string): Verification {
  return { verdict: { outcome: 'skip', reason: `needs ${feature}: ${why}`, evidence: [] } }
}

/** Told by the one that wanted it, so that exactly those are skipped that do. */
function lackingSkip({ message }: Lacking): Verification {
  return { verdict: { outcome: 'skip', reason: redact(message), evidence: [] }, begun: true }
}

function judged(thrown: unknown, evidence: CollectedEvidence): Verification {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown))
  const outcome = error.name === 'AssertionError' ? 'fail' : 'inconclusive'
  return { verdict: { outcome, reason: redact(error.message), evidence: evidence.entries }, error }
}

async function within(timeoutMs: number, signal: AbortSignal, work: Promise<void>): Promise<void> {
  const done = new AbortController()
  // The loser of the race may still reject later; that must not end the process.
  work.catch(() => undefined)
  const limit = delay(timeoutMs, undefined, { signal: AbortSignal.any([signal, done.signal]) }).then(() => {
    throw new Error(`not finished within ${timeoutMs / 1000} s; raise --timeout if the hosts are slow`)
  })
  try {
    await Promise.race([work, limit])
  } finally {
    done.abort()
    limit.catch(() => undefined)
  }
}
