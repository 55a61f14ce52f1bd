import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { RequirementRecord } from '../lib/conformance/run-record.ts'
import { observationReader } from '../lib/conformance/stored-files.ts'
import { diagnose } from '../lib/diagnosis/diagnosis.ts'
import type { Finding } from '../lib/observation/finding.ts'
import type { Problem } from '../lib/observation/problem.ts'
import type { FirewallRule, HostState } from '../lib/observe/host-state.ts'
import { parseRun } from '../lib/report/read-run.ts'
import { unpacked } from './stored/unpacked.fake.ts'

/** Requirements that fail, with the problems they report. */
export type Reports = Readonly<Record<string, readonly Problem[]>>

/** Changes what a host showed, before or after the traffic. */
export type Alter = (state: Mutable<HostState>, host: string, when: 'before' | 'after') => void

/**
 * Causes found in a run that a lab stored, sound but for a rule that is left out here, had these requirements failed and
 * its hosts shown something else: kernels, facts and all other verdicts are real.
 */
export function causesWhere(reports: Reports, alter: Alter = () => undefined): Finding[] {
  const folder = unpacked('gossip-udp-dropped')
  const record = parseRun(readFileSync(join(folder, 'run.json'), 'utf8'), 'run.json')
  const sound = record.requirements.filter(({ id }) => id !== 'CTL-03' && reports[id] === undefined)
  const attempt = record.requirements.find(({ id }) => id === 'CTL-03')?.attempts ?? []
  const failed = Object.entries(reports).map(([id, problems]) => ({
    ...{ id, lab: 'three-node', attempts: attempt },
    verdict: { outcome: 'fail', problems },
  })) as unknown as RequirementRecord[]
  const altered = { ...record, requirements: [...sound, ...failed] }
  const stored = observationReader(folder, record)
  return diagnose(altered, (lab, name) => {
    const read = structuredClone(stored(lab, name)) as
      { seen?: Record<string, Mutable<HostState>> } | undefined
    if (/^kernel(-after)?#/.test(name))
      for (const [host, state] of Object.entries(read?.seen ?? {})) {
        state.root.firewall = state.root.firewall.filter(({ rule }) => !rule.includes('--dport 7946 -j DROP'))
        alter(state, host, name.startsWith('kernel-after') ? 'after' : 'before')
      }
    return read
  }).filter(({ severity }) => severity === 'cause')
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

type Mutable<T> = T extends readonly (infer Each)[]
  ? Mutable<Each>[]
  : T extends object
    ? { -readonly [Key in keyof T]: Mutable<T[Key]> }
    : T
