import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { judgeRun } from '../lib/conformance/judge-run.ts'
import { observationReader } from '../lib/conformance/stored-files.ts'
import { diagnose } from '../lib/diagnosis/diagnosis.ts'
import type { Finding } from '../lib/observation/finding.ts'
import { parseRun } from '../lib/report/read-run.ts'
import { suites } from './index.ts'
import { unpackRun } from './stored/stored-run.ts'

type Kernel = Record<string, { queueing?: unknown }>

/** Findings of a run that a lab stored, as if what disturbs its links stood between the hosts, out of their sight. */
function findingsBetween(name: string, hide: boolean): Finding[] {
  const folder = mkdtempSync(join(tmpdir(), 'swarmproof-stored-'))
  try {
    unpackRun(name, folder)
    const stored = parseRun(readFileSync(join(folder, 'run.json'), 'utf8'), 'run.json')
    const { record } = judgeRun(
      stored,
      folder,
      suites.flatMap(({ tests }) => tests),
    )
    const read = observationReader(folder, record)
    return diagnose(record, (lab, file) => {
      const seen = structuredClone(read(lab, file)) as { seen?: Kernel } | undefined
      if (hide && file.startsWith('kernel'))
        for (const state of Object.values(seen?.seen ?? {})) delete state.queueing
      return seen
    })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

describe('links of a lab on which one node lost 5 % of what it sent', () => {
  it('are told by the queueing discipline where the node shows one', () => {
    expect(findingsBetween('packets-lost', false).map(({ code }) => code)).to.deep.equal([
      'queueing-disturbs',
    ])
  })

  it('are told by what was counted at both ends where no host shows why', () => {
    const findings = findingsBetween('packets-lost', true)
    expect(findings.map(({ code }) => code)).to.deep.equal(['packets-lost-between-nodes'])
    expect(findings[0]?.title).to.equal('4.9 % of the packets that worker2 sends are lost on the way')
    expect(findings[0]?.cause).to.contain('(23 of 400)')
    expect(findings[0]?.explains).to.have.members(['OVL-03', 'OVL-19'])
  })
})
