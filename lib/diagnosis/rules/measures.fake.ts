import type { RequirementRecord } from '../../conformance/run-record.ts'
import type { Finding } from '../../observation/finding.ts'
import type { Problem } from '../../observation/problem.ts'
import { exampleLab } from '../../report/fixtures/example-runs.fake.ts'
import { findingsOf } from '../diagnosis.ts'
import { LabView } from '../lab-view.ts'
import type { Rule } from '../rule.ts'

/** Of a lab of three nodes. */
export const nodes = ['manager', 'worker1', 'worker2']
export const pairs = nodes.flatMap((from) => nodes.filter((to) => to !== from).map((to) => ({ from, to })))

export interface Reporting {
  /** By the id of the requirement that reported them. */
  readonly problems: Readonly<Record<string, readonly Problem[]>>
  readonly scenes?: Readonly<Record<string, unknown>>
  readonly controls?: readonly { readonly name: string; readonly held: boolean }[]
}

/** What rules make of problems and scenes of one generation. */
export function found(
  applied: readonly Rule[],
  { problems, scenes = {}, controls = [] }: Reporting,
): { readonly findings: Finding[]; readonly left: string[] } {
  const lab = exampleLab('three-node', '28.5.2')
  const records = Object.entries(problems).map(([id, own]) => ({
    ...{ id, lab: lab.name, verdict: { outcome: 'fail', problems: own, controls } },
  })) as unknown as RequirementRecord[]
  const facts = {
    nodes: nodes.map((name, index) => ({
      name,
      dataPath: { address: `192.168.56.${11 + index}`, interface: 'eth1' },
    })),
    networks: { clear: { name: 'swp-clear', id: 'abcdefghijklmno' } },
    tasks: [],
  }
  const files: Readonly<Record<string, unknown>> = {
    'facts#0': facts,
    ...Object.fromEntries(Object.entries(scenes).map(([key, seen]) => [`${key}#0`, { seen }])),
  }
  const view = new LabView(lab, 0, records, records, (_, name) => files[name])
  const findings = findingsOf(view, applied, lab)
  return { findings, left: view.problems().map(({ code, requirement }) => `${requirement} ${code}`) }
}
