import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { InterruptedError, OutOfTimeError, SwarmproofError } from '../error.ts'
import type { HostProvider } from '../host/host.ts'
import { silentProgress } from '../progress.ts'
import { findTopology } from '../topology/find-topology.ts'
import { planRun, type RunOptions } from './run.ts'
import { type RunRecord, summarizeRun } from './run-record.ts'
import { exampleRequirement } from './requirement.fake.ts'

const test = exampleRequirement({
  id: 'AAA-01',
  requirement: '',
  source: [{ document: 'made up' }],
  safety: 'production',
  needs: [],
  method: '',
  usualCauses: [],
  remedy: [],
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
    planRun(plan, { ...options(onStart), ...changed })

  function options(onStart = (): void => undefined): RunOptions {
    return {
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
    }
  }

  it('goes on with the next lab when one cannot come up, and ends as harness-failed', async () => {
    const { record, store, labId } = await run({ keep: true })
    expect(asked).to.deep.equal(['low-mtu', 'three-node'])
    expect(record.state).to.equal('harness-failed')
    expect(record.failures.map(({ lab, host }) => `${lab} ${host}`)).to.deep.equal([
      'low-mtu worker1',
      'three-node worker1',
    ])
    expect(record.failures[0]?.message).to.contain('low-mtu cannot be had')
    expect(summarizeRun(record)).to.deep.include({ conclusion: 'inconclusive', partial: true })
    expect(record.requirements.map(({ id, lab }) => `${id} ${lab}`)).to.deep.equal([
      'AAA-01 low-mtu',
      'AAA-01 three-node',
    ])
    for (const lab of record.labs) expect(lab).to.include.keys('startedAt', 'durationMs')
    expect(labId).to.equal(undefined)
    const stored = JSON.parse(readFileSync(join(store.folder, 'run.json'), 'utf8')) as RunRecord
    expect(stored.state).to.equal('harness-failed')
  })

  it('tells a deadline from an interruption, and both from an error of the program', async () => {
    for (const [reason, state, failures] of [
      [new InterruptedError('SIGINT'), 'interrupted', []],
      [new OutOfTimeError(60_000), 'out-of-time', []],
      [new Error('a bug'), 'harness-failed', ['a bug']],
    ] as const) {
      const controller = new AbortController()
      const { record } = await run({ signal: controller.signal }, () => controller.abort(reason))
      expect(record.state).to.equal(state)
      expect(record.failures.map(({ message }) => message)).to.deep.equal(failures)
    }
  })

  it('leaves the lab whatever throws, and records what of it stays', async () => {
    let left = 0
    const lab = {
      ...{ id: 'lab-1', hosts: [], facts: {} },
      [Symbol.asyncDispose]: async () => {
        left += 1
        throw new Error('the disk is in use')
      },
    }
    const { record } = await run({
      provider: { start: () => Promise.resolve(lab) } as unknown as HostProvider,
      progress: { ...silentProgress, note: () => undefined },
    })
    expect(left).to.equal(2)
    expect(record.state).to.equal('harness-failed')
    expect(record.leftovers).to.deep.equal(
      [1, 2].map(() => ({
        host: 'this machine',
        what: 'parts of the lab lab-1: the disk is in use',
        remove: 'swarmproof clean',
      })),
    )
  })

  it('has not ended before what was created is removed, and tells what is left', async () => {
    const left = { host: 'web1', what: 'network swp-x-clear', remove: 'docker network rm swp-x-clear' }
    const begun = { startedAt: new Date(), steps: [] as RunRecord['steps'] }
    const seen: unknown[] = []
    const { record, store } = await planRun(plan, {
      ...options(),
      begun,
      closing: () => {
        const stored = JSON.parse(
          readFileSync(join(folder, 'latest', 'run.json'), 'utf8'),
        ) as Partial<RunRecord>
        seen.push(stored.state, stored.endedAt)
        begun.steps.push({
          ...{ what: 'Removing what was created', outcome: 'done' },
          ...{ startedAt: new Date().toISOString(), durationMs: 1 },
        })
        return Promise.resolve([left])
      },
    })
    expect(seen).to.deep.equal(['running', undefined])
    const stored = JSON.parse(readFileSync(join(store.folder, 'run.json'), 'utf8')) as RunRecord
    expect(stored.leftovers).to.deep.equal([left])
    expect(stored.steps.at(-1)?.what).to.equal('Removing what was created')
    expect(stored.endedAt).to.equal(record.endedAt).and.not.to.equal(undefined)
    expect(stored.state).to.equal('harness-failed')
    expect(readFileSync(join(store.folder, 'log.ndjson'), 'utf8')).to.contain('Removing what was created')
  })

  it('starts no further lab once aborted, and calls that no failure', async () => {
    const controller = new AbortController()
    const { record } = await run({ signal: controller.signal }, () => controller.abort())
    expect(asked).to.deep.equal(['low-mtu'])
    expect(record.state).to.equal('interrupted')
    expect(record.failures).to.deep.equal([])
  })
})
