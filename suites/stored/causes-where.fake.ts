import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { RequirementRecord } from '../../lib/conformance/run-record.ts'
import { observationReader } from '../../lib/conformance/stored-files.ts'
import { diagnose } from '../../lib/diagnosis/diagnosis.ts'
import type { Finding } from '../../lib/observation/finding.ts'
import type { Problem } from '../../lib/observation/problem.ts'
import type { FirewallRule } from '../../lib/observe/host-state.ts'
import { parseRun } from '../../lib/report/read-run.ts'
import { type ChangeKernel, withKernel } from './changed-kernel.fake.ts'
import { unpacked } from './unpacked.fake.ts'

/** Requirements that fail, with the problems they report. */
export type Reports = Readonly<Record<string, readonly Problem[]>>

/**
 * Causes found in a run that a lab stored, sound but for a rule that is left out here, had these requirements failed and
 * its hosts shown something else: kernels, facts and all other verdicts are real.
 */
export function causesWhere(reports: Reports, change: ChangeKernel = () => {}): Finding[] {
  const folder = unpacked('gossip-udp-dropped')
  const record = parseRun(readFileSync(join(folder, 'run.json'), 'utf8'), 'run.json')
  const sound = record.requirements.filter(({ id }) => id !== 'CTL-03' && reports[id] === undefined)
  const attempt = record.requirements.find(({ id }) => id === 'CTL-03')?.attempts ?? []
  const failed = Object.entries(reports).map(([id, problems]) => ({
    ...{ id, lab: 'three-node', attempts: attempt },
    verdict: { outcome: 'fail', problems },
  })) as unknown as RequirementRecord[]
  const altered = { ...record, requirements: [...sound, ...failed] }
  const read = withKernel(observationReader(folder, record), (state, node, reading) => {
    state.root.firewall = state.root.firewall.filter(({ rule }) => !rule.includes('--dport 7946 -j DROP'))
    change(state, node, reading)
  })
  return diagnose(altered, read).filter(({ severity }) => severity === 'cause')
}

/** Takes rules away. */
export function withoutRules(
  state: { firewall: readonly FirewallRule[] } | undefined,
  which: (rule: FirewallRule) => boolean,
): void {
  if (state === undefined) throw new Error('there is no such namespace')
  const left = state.firewall.filter((rule) => !which(rule))
  if (left.length === state.firewall.length) throw new Error('there is no such rule')
  state.firewall = left
}
