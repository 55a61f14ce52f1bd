import { expect } from 'chai'
import type { RunRecord } from '../../conformance/run-record.ts'
import { diagnose } from '../diagnosis.ts'
import { type Row, run, titles } from './patterns.fake.ts'

describe('diagnosis: encryption for the wrong address', () => {
  const reason = 'worker1: the outbound policy to manager is for source 192.0.2.12/32, expected 198.51.100.12'
  const separate = (record: RunRecord): RunRecord => ({
    ...record,
    labs: record.labs.map((lab) => ({
      ...lab,
      topology: {
        ...lab.topology,
        swarm: { ...lab.topology.swarm, advertise: 'control', dataPath: 'data' },
      },
    })),
  })

  const withOnly = (id: string, why: string): RunRecord => {
    const record = separate(run())
    const verdict = { outcome: 'fail' as const, reason: why, evidence: [] }
    return {
      ...record,
      requirements: record.requirements.slice(0, 1).map((one) => ({ ...one, id, verdict })),
    }
  }

  it('is found where the data path is apart, instead of a leak without a cause', () => {
    const rows: Row[] = [
      ['ENC-01', 'fail', '- VXLAN with VNI 4098 left worker1 for 198.51.100.11 in clear'],
      ['ENC-03', 'fail', reason],
    ]
    const [found, ...others] = diagnose(separate(run(...rows)))
    expect(found?.title).to.match(/^Encryption is made for the advertise address/)
    expect(found?.requirements).to.include.members(['ENC-01', 'ENC-03'])
    expect(found?.knownIssues).to.deep.equal(['moby/moby#34763'])
    expect(others.map(({ title }) => title)).to.not.include(
      'Traffic of an encrypted overlay leaves in clear text',
    )
  })

  it('is not found where there is one address, or for another flaw of the ledger', () => {
    expect(titles(run(['ENC-03', 'fail', reason])).join()).to.not.include('advertise address')
    const other = separate(run(['ENC-03', 'fail', 'worker1: 2 inbound states from manager, expected 3']))
    expect(titles(other).join()).to.not.include('advertise address')
    expect(titles(withOnly('CTL-09', 'gossip of worker1 left on eth2'))).to.deep.equal([])
    expect(titles(withOnly('CTL-09', 'no ESP left worker1 for manager on eth2'))).to.have.lengthOf(1)
  })
})
