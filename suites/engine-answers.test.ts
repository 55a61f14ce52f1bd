import { expect } from 'chai'
import type { EngineAsked } from '../lib/conformance/engines-scene.ts'
import type { RunRecord } from '../lib/conformance/run-record.ts'
import type { Finding } from '../lib/observation/finding.ts'
import { findingsWhereSeen } from './stored/findings-where.fake.ts'

const code = 'engine-does-not-answer'

/** What a stored run is explained by had this become of asking one of its engines. */
async function findingsWith(
  run: string,
  [node, asked]: readonly [string, EngineAsked],
  changeRecord?: (record: RunRecord) => RunRecord,
): Promise<readonly Finding[]> {
  return findingsWhereSeen(
    run,
    (key, seen) => (key === 'engines-after' ? { ...(seen as object), [node]: asked } : seen),
    changeRecord,
  )
}

/** Had a requirement not been verified. */
const without =
  (id: string) =>
  (record: RunRecord): RunRecord => ({
    ...record,
    requirements: record.requirements.filter((one) => one.id !== id),
  })

const noEngine = 'Cannot connect to the Docker daemon at unix:///var/run/docker.sock.'

describe('an engine that does not answer', () => {
  it('is the cause of what is missed at its node, in the words of its client', async () => {
    const found = await findingsWith('reverse-path-filter', ['worker1', { answers: false, said: noEngine }])
    expect(found.map(({ code: one, explains }) => [one, explains])).to.deep.equal([
      [code, ['CTL-03', 'CTL-04', 'CTL-07', 'OVL-03']],
    ])
    expect(found[0]?.proof).to.deep.equal([
      `docker version on worker1 found no server after the requirements were verified: ${noEngine}`,
    ])
  })

  it('is read from older runs, too', async () => {
    const [finding] = await findingsWith('reverse-path-filter', ['worker1', { answers: false }])
    expect(finding?.code).to.equal(code)
    expect(finding?.proof).to.deep.equal([
      'docker version on worker1 found no server after the requirements were verified',
    ])
  })

  it('is none where it is not known whether it answers', async () => {
    const found = await findingsWith('reverse-path-filter', ['worker1', { threw: 'the host was lost' }])
    expect(found.map((one) => one.code)).to.deep.equal(['reverse-path-filter-drops'])
  })

  it('is none where all that engines tell each other was there', async () => {
    const found = await findingsWith('quick-data-port-dropped', ['worker2', { answers: false }])
    expect(found.map((one) => one.code)).to.deep.equal(['host-firewall-drops'])
  })

  for (const [node, id] of [
    ['worker2', 'CTL-03'],
    ['worker2', 'VXL-06'],
    ['worker2', 'DSC-02'],
    ['worker2', 'LB-02'],
    ['manager', 'LB-02'],
  ] as const)
    it(`of ${node} leaves to worker2’s firewall what that counted, where ${id} was not verified`, async () => {
      const found = await findingsWith('quick-data-port-dropped', [node, { answers: false }], without(id))
      expect(found.find((one) => one.code === code)?.explains).to.deep.equal(['ING-01'])
      expect(found.find((one) => one.code === 'host-firewall-drops')?.explains).to.include.members([
        'OVL-03',
        'MTU-02',
      ])
    })
})
