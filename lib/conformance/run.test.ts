import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { SwarmproofError } from '../error.ts'
import type { HostProvider } from '../host/host.ts'
import { silentProgress } from '../progress.ts'
import { findTopology } from '../topology/find-topology.ts'
import { planRun, type RunOptions } from './run.ts'
import { type RunRecord, summarize } from './run-record.ts'
import { conformanceTest } from './test.ts'

const test = conformanceTest({
  id: 'AAA-01',
  requirement: '',
  source: [{ document: 'made up' }],
  safety: 'production',
  needs: [],
  method: '',
  usualCauses: [],
  remedy: [],
  run: async () => undefined,
})

const plan = ['low-mtu', 'three-node'].map((name) => ({
  name,
  topology: findTopology(name),
  suites: [{ group: 'AAA', title: 'first', tests: [test] }],
}))

describe('planRun', () => {
  let folder = ''
  let asked: string[] = []
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'swarmproof-run-'))
    asked = []
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  const run = (changed: Partial<RunOptions> = {}, onStart = (): void => undefined) =>
    planRun(plan, {
      provider: {
        start: (topology: { name: string }) => {
          asked.push(topology.name)
          onStart()
          const what = `${topology.name} cannot be had`
          return Promise.reject(new SwarmproofError({ code: 'NO_LAB', what, host: 'worker1' }))
        },
      } as unknown as HostProvider,
      progress: silentProgress,
      signal: new AbortController().signal,
      fresh: false,
      keep: false,
      timeoutMs: 1000,
      bail: false,
      reportDir: folder,
      reproduce: 'swarmproof run',
      version: 'test',
      onVerdict: () => undefined,
      ...changed,
    })

  it('goes on with the next lab when one cannot come up, and ends as harness-failed', async () => {
    const { record, store, labId } = await run({ keep: true })
    expect(asked).to.deep.equal(['low-mtu', 'three-node'])
    expect(record.state).to.equal('harness-failed')
    expect(record.failures.map(({ lab, host }) => `${lab} ${host}`)).to.deep.equal([
      'low-mtu worker1',
      'three-node worker1',
    ])
    expect(record.failures[0]?.message).to.contain('low-mtu cannot be had')
    expect(summarize(record)).to.deep.include({ conclusion: 'inconclusive', partial: true })
    expect(record.requirements.map(({ id, lab }) => `${id} ${lab}`)).to.deep.equal([
      'AAA-01 low-mtu',
      'AAA-01 three-node',
    ])
    for (const lab of record.labs) expect(lab).to.include.keys('startedAt', 'durationMs')
    expect(labId).to.equal(undefined)
    const stored = JSON.parse(readFileSync(join(store.folder, 'run.json'), 'utf8')) as RunRecord
    expect(stored.state).to.equal('harness-failed')
  })

  it('starts no further lab once aborted, and calls that no failure', async () => {
    const controller = new AbortController()
    const { record } = await run({ signal: controller.signal }, () => controller.abort())
    expect(asked).to.deep.equal(['low-mtu'])
    expect(record.state).to.equal('interrupted')
    expect(record.failures).to.deep.equal([])
  })
})
