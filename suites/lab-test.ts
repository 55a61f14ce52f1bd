import type { ReadyLab } from '../lib/conformance/bring-up.ts'
import { conformanceRun, type FinishedRun, type RunOptions } from '../lib/conformance/run.ts'
import type { RequirementRecord } from '../lib/conformance/run-record.ts'
import { selectTests } from '../lib/conformance/selection.ts'
import { defaultTimeLimitMs } from '../lib/conformance/time-limit.ts'
import type { Outcome } from '../lib/conformance/verdict.ts'
import { VmProvider } from '../lib/host/vm/vm-provider.ts'
import type { Progress } from '../lib/progress.ts'
import type { Topology } from '../lib/topology/topology.ts'
import { suites } from './index.ts'

/** Ten of different kinds that three nodes can have: what lab tests plant. */
export const usualFaults: readonly string[] = [
  'vxlan-lost',
  'esp-lost',
  'outbound-policy-missing',
  'forwarding-entry-missing',
  'large-packets-dropped',
  'resolver-silent',
  'balancer-task-missing',
  'ingress-forward-missing',
  'masquerade-gone',
  'clear-text-on-gossip-port',
]

/** Minutes after which no further test of the kind begins; a slow machine may have an hour and a half for all of them. */
const minutesOfRest = 60

/** To be called within `describe`, where tests are left out rather than that a slow machine does not end in time. */
export function leftOutWhenLate(): void {
  beforeEach(function () {
    const minutes = performance.now() / 60_000
    if (minutes < minutesOfRest) return
    console.log(`      left out: the lab tests have taken ${Math.round(minutes)} min already`)
    this.skip()
  })
}

/** For the output of tests: what ended and how long it took, a line each. */
export const plainProgress: Progress = {
  begin: (what, host) => {
    const startedAt = performance.now()
    const told = (): string => {
      const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
      return `      ${[what, ...(host === undefined ? [] : [host])].join(' ')}, ${seconds} s`
    }
    return {
      update: () => undefined,
      done: () => console.log(told()),
      failed: (reason) => console.log(`${told()}: ${reason}`),
    }
  },
  note: (text) => console.log(`      ${text}`),
}

/** As a run on virtual machines of one's own has them, its report in this folder. */
export function runOptions(reportDir: string): RunOptions {
  return {
    provider: new VmProvider(),
    progress: plainProgress,
    signal: new AbortController().signal,
    fresh: false,
    keep: false,
    timeoutMs: defaultTimeLimitMs,
    bail: false,
    reportDir,
    reproduce: 'npm test',
    version: 'test',
    onVerdict: ({ id, verdict, durationMs }) =>
      console.log(`      ${verdict?.outcome} ${id}, ${((durationMs ?? 0) / 1000).toFixed(1)} s`),
  }
}

/** Verifies a lab that stands, and leaves it; all of the standard profile where no ids are given. */
export function verifyGiven(
  topology: Topology,
  raised: ReadyLab,
  only: readonly string[],
  reportDir: string,
): Promise<FinishedRun> {
  return conformanceRun({ ...runOptions(reportDir), topology, raised, suites: selectTests(suites, { only }) })
}

/** What ended otherwise than is wanted, a line each. */
export function unwanted(
  requirements: readonly RequirementRecord[],
  wanted: readonly Outcome[] = ['pass'],
): string[] {
  return requirements
    .filter(({ verdict }) => verdict === undefined || !wanted.includes(verdict.outcome))
    .map(({ id, verdict }) => `${id} ${verdict?.outcome}: ${verdict?.reason}`)
}
