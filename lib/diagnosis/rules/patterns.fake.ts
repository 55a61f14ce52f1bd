import { expect } from 'chai'
import type { RunRecord } from '../../conformance/run-record.ts'
import type { Evidence, Outcome } from '../../conformance/verdict.ts'
import { judge, nonConformantRun } from '../../report/fixtures/example-runs.fake.ts'
import { diagnose } from '../diagnosis.ts'

export type Row = readonly [id: string, outcome: Outcome, reason: string, data?: unknown]

/** An example run in which everything passed but the given rows. */
export function run(...rows: readonly Row[]): RunRecord {
  const record = nonConformantRun()
  for (const { id } of record.requirements) judge(record, id, 'pass', 'As required.', [])
  for (const [id, outcome, reason, data] of rows) {
    const evidence: Evidence[] = data === undefined ? [] : [{ kind: 'observation', name: 'state', data }]
    judge(record, id, outcome, reason, evidence)
  }
  return record
}

export function titles(record: RunRecord): string[] {
  return diagnose(record).map(({ title }) => title)
}

export interface Patterns {
  readonly title: RegExp
  /** Patterns on which the rule fires, with the requirements and hosts it must name. */
  readonly fires: readonly { rows: readonly Row[]; explains: readonly string[]; hosts?: readonly string[] }[]
  readonly silent: readonly (readonly Row[])[]
}

/** Sees one rule among all others fire on some patterns of failures and be silent on others. */
export function describePatterns(rule: string, { title, fires, silent }: Patterns): void {
  describe(`diagnosis: ${rule}`, () => {
    for (const [index, { rows, explains, hosts }] of fires.entries()) {
      it(`fires on pattern ${index + 1}`, () => {
        const record = run(...rows)
        const found = diagnose(record).filter((finding) => title.test(finding.title))
        expect(found, titles(record).join()).to.have.lengthOf(1)
        expect(found[0]?.requirements).to.have.members(explains)
        expect(found[0]?.hosts).to.deep.equal(hosts)
        expect(found[0]?.remedy).not.to.be.empty
        for (const id of diagnose(record).flatMap((finding) => finding.requirements)) {
          const verdict = record.requirements.find((each) => each.id === id)?.verdict
          expect(verdict?.outcome, `${id} is explained`).not.to.equal('pass')
        }
      })
    }
    for (const [index, rows] of silent.entries()) {
      it(`is silent on pattern ${index + 1}`, () => {
        expect(titles(run(...rows)).filter((each) => title.test(each))).to.deep.equal([])
      })
    }
  })
}
