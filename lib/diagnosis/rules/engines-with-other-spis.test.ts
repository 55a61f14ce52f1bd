import { expect } from 'chai'
import type { RunRecord } from '../../conformance/run-record.ts'
import { diagnose } from '../diagnosis.ts'
import { type Row, run, titles } from './patterns.fake.ts'

describe('diagnosis: engines with other SPIs', () => {
  const reason = 'worker2: sends to manager with SPI 0x1f279ba7, which manager has no inbound state for'
  const withEngines = (record: RunRecord, versions: readonly string[]): RunRecord => ({
    ...record,
    labs: record.labs.map((lab) => ({
      ...lab,
      nodes: lab.nodes.map((node, index) => ({ ...node, engineVersion: versions[index] ?? '28.5.2' })),
    })),
  })

  it('are found where the ledger does not meet between the two kinds', () => {
    const rows: Row[] = [
      ['ENC-03', 'fail', reason],
      ['OVL-03', 'fail', 'worker2 → manager: no answer'],
    ]
    const [found] = diagnose(withEngines(run(...rows), ['28.5.2', '28.5.2', '29.1.3']))
    expect(found?.title).to.equal('Encrypted overlays carry nothing between engine 29.1.3 and 28.5.2')
    expect(found?.requirements).to.deep.equal(['ENC-03', 'OVL-03'])
    expect(found?.hosts).to.include.members(['worker2', 'manager'])
  })

  it('are not found among engines of one kind, or where the ledger has another flaw', () => {
    const seen = (text: string, ...versions: string[]): string =>
      titles(withEngines(run(['ENC-03', 'fail', text]), versions)).join()
    expect(seen(reason, '28.5.2', '28.5.2', '20.10.24')).to.not.include('carry nothing between engine')
    expect(seen('worker1: 2 inbound states from manager, expected 3', '28.5.2', '29.1.3')).to.not.include(
      'carry nothing between engine',
    )
  })
})
