import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import type { RunRecord } from '../conformance/run-record.ts'
import { summarizeRun } from '../conformance/run-record.ts'
import { InputError } from '../error.ts'
import type { EngineName } from '../topology/engine.ts'
import { withEngine } from '../topology/with-engine.ts'
import {
  conformantRun,
  exampleLab,
  harnessFailedRun,
  interruptedRun,
  judge,
  labOf,
  nonConformantRun,
} from './fixtures/example-runs.fake.ts'
import { renderHtml } from './html.ts'
import { mergeRuns } from './merge-runs.ts'
import { parseRun } from './read-run.ts'
import { copyRun, relocated } from './relocate.ts'

function part(
  make: () => RunRecord,
  runId: string,
  keep: (index: number) => boolean = () => true,
): RunRecord {
  const record = make()
  Object.assign(record, { runId, reproduce: `swarmproof run --shard ${runId}` })
  record.requirements = record.requirements.filter((_, index) => keep(index))
  return record
}

const halves = (): [RunRecord, RunRecord] => [
  part(conformantRun, 'one', (index) => index < 20),
  part(conformantRun, 'two', (index) => index >= 20),
]

function refusal(...runs: RunRecord[]): InputError {
  try {
    mergeRuns(runs, 'merged')
  } catch (error) {
    if (error instanceof InputError) return error
    throw error
  }
  throw new Error('was not refused')
}

/** The example lab with another engine on every host. */
function withOtherEngine(record: RunRecord, engine: EngineName, version: string): RunRecord {
  const lab = exampleLab('three-node', version)
  record.labs = [{ ...lab, topology: withEngine(lab.topology, engine) }]
  return record
}

describe('merging runs', () => {
  it('joins the parts of a run into the run they are parts of', () => {
    const merged = mergeRuns(halves(), 'merged')
    const whole = conformantRun()
    expect(merged.labs.map(({ name }) => name)).to.deep.equal(['three-node'])
    expect(merged.requirements.map(({ id }) => id)).to.deep.equal(whole.requirements.map(({ id }) => id))
    expect(summarizeRun(merged)).to.deep.equal(summarizeRun(whole))
    expect(labOf(merged).durationMs).to.equal(2 * (labOf(whole).durationMs ?? 0))
    expect(merged.reproduce).to.equal('swarmproof run --shard one; swarmproof run --shard two')
    expect(parseRun(JSON.stringify(merged), 'run.json')).to.deep.equal(merged)
  })

  it('adds up what parts waited for starved hosts, and takes no forecast of one for that of all', () => {
    const [one, two] = halves()
    const waitFrom = (startedAt: string) => ({ startedAt, durationMs: 30_000, calm: true, hosts: [] })
    const waits = ['2026-11-29T02:00:00.000Z', '2026-11-29T01:00:00.000Z'].map(waitFrom)
    for (const [index, run] of [one, two].entries())
      Object.assign(labOf(run), {
        slowedDown: { waitedMs: 30_000, waits: waits.slice(index, index + 1) },
        verified: { probes: 100, seconds: 60 },
      })
    const lab = labOf(mergeRuns([one, two], 'merged'))
    expect(lab.slowedDown).to.deep.equal({ waitedMs: 60_000, waits: waits.toReversed() })
    expect(lab).to.not.have.any.keys('expected', 'verified')
    expect(labOf(mergeRuns([one], 'merged')).verified).to.deep.equal({ probes: 100, seconds: 60 })
  })

  it('tells engines of one topology apart, whichever way they were given', () => {
    const old = withOtherEngine(part(conformantRun, 'one'), '20.10', '20.10.24')
    judge(old, 'ENC-01', 'fail', 'leaks')
    const merged = mergeRuns([old, part(conformantRun, 'two')], 'merged')
    expect(merged.labs.map(({ name }) => name)).to.deep.equal(['three-node@20.10', 'three-node@26.1'])
    expect(merged.requirements).to.have.lengthOf(2 * conformantRun().requirements.length)
    expect(new Set(merged.steps.map(({ lab }) => lab))).to.have.lengthOf(2)
    expect(renderHtml(merged)).to.contain('<table class="cross">').and.contain('ENC-01 (three-node@20.10)')

    const patched = part(conformantRun, 'three')
    patched.labs = [exampleLab('three-node', '26.1.6-example')]
    const names = mergeRuns([part(conformantRun, 'two'), patched], 'm').labs.map(({ name }) => name)
    expect(names).to.deep.equal(['three-node@26.1.5-example', 'three-node@26.1.6-example'])
  })

  it('tells machines from containers, and a lab that never stood from neither', () => {
    const containers = part(conformantRun, 'two')
    containers.labs = [{ ...exampleLab('three-node', '28.3.1'), origin: 'container' }]
    const dead = part(harnessFailedRun, 'three')
    dead.labs = dead.labs.map((lab) => ({ ...lab, nodes: [] }))
    const old = withOtherEngine(part(conformantRun, 'one'), '20.10', '20.10.24')
    const names = (...runs: RunRecord[]): string[] => mergeRuns(runs, 'm').labs.map(({ name }) => name)
    expect(names(old, containers)).to.deep.equal(['three-node@20.10', 'three-node@28.3-container'])
    expect(names(part(conformantRun, 'one'), dead)).to.deep.equal(['three-node'])
    const alike = part(conformantRun, 'two')
    alike.labs = alike.labs.map((lab) => ({ ...lab, origin: 'container' as const }))
    expect(names(part(conformantRun, 'one'), alike)).to.deep.equal(['three-node', 'three-node@container'])
  })

  it('does not overlook that a job left no run', () => {
    const merged = mergeRuns(halves(), 'merged', 3)
    expect(merged.state).to.equal('harness-failed')
    expect(summarizeRun(merged).conclusion).to.equal('inconclusive')
    expect(merged.failures[0]?.message).to.contain('expected: 3 runs').and.contain('observed: 2: one, two')
    expect(mergeRuns(halves(), 'merged', 2).state).to.equal('finished')
  })

  it('refuses two verdicts on one requirement and lab, and says which', () => {
    const error = refusal(part(conformantRun, 'one'), part(nonConformantRun, 'two'))
    expect(error.code).to.equal('VERDICTS_DIFFER')
    expect(error.message).to.contain('CTL-04 on three-node: pass in one, fail in two')
    expect(error.message).to.contain('VXL-02 on three-node: pass in one, inconclusive in two')
  })

  it('keeps one of two equal verdicts, and the verdict of what only one run reached', () => {
    const merged = mergeRuns([part(interruptedRun, 'one'), part(conformantRun, 'two')], 'merged')
    expect(merged.requirements).to.have.lengthOf(conformantRun().requirements.length)
    expect(summarizeRun(merged).counts.unreached).to.equal(0)
  })

  it('ends as its worst part did', () => {
    const state = (...runs: RunRecord[]): string => mergeRuns(runs, 'merged').state
    const [one, two] = halves()
    expect(state(one, two)).to.equal('finished')
    expect(state(one, part(interruptedRun, 'i'))).to.equal('interrupted')
    expect(state(part(harnessFailedRun, 'h'), one)).to.equal('harness-failed')
    const killed = part(conformantRun, 'k')
    killed.state = 'running'
    delete killed.endedAt
    expect(state(one, killed)).to.equal('running')
    expect(mergeRuns([one, killed], 'm')).not.to.have.property('endedAt')
  })

  it('is inconclusive when nothing could be verified in any part', () => {
    const skipped = part(conformantRun, 'one')
    for (const { id } of skipped.requirements) judge(skipped, id, 'skip', 'needs esp: …', [])
    expect(summarizeRun(mergeRuns([skipped], 'merged')).conclusion).to.equal('inconclusive')
  })

  it('refuses a run given twice, and labs of one name that are not the same', () => {
    expect(refusal(part(conformantRun, 'one'), part(conformantRun, 'one')).code).to.equal('RUN_TWICE')
    const other = part(conformantRun, 'two')
    const lab = labOf(other)
    other.labs = [{ ...lab, topology: { ...lab.topology, description: 'another' } }]
    expect(refusal(part(conformantRun, 'one'), other).code).to.equal('LABS_DIFFER')
  })

  describe('with their files', () => {
    let folder = ''
    beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'swarmproof-merge-'))))
    afterEach(() => rm(folder, { recursive: true }))

    it('leads evidence to where the files are copied', async () => {
      const from = join(folder, 'from')
      await mkdir(join(from, 'captures'), { recursive: true })
      await mkdir(join(from, 'allure-results'))
      await writeFile(join(from, 'captures', 'example.pcap'), 'packets')
      await writeFile(join(from, 'allure-results', 'a-result.json'), '{}')
      await writeFile(join(from, 'conformance.html'), 'old')
      const record = nonConformantRun()
      await copyRun(from, record.runId, join(folder, 'into'))
      const files = relocated(record).requirements.flatMap(({ verdict }) =>
        (verdict?.evidence ?? []).flatMap((piece) => (piece.kind === 'packets' ? [piece.file] : [])),
      )
      expect(files).to.include(`runs/${record.runId}/captures/example.pcap`)
      const path = join(folder, 'into', `runs/${record.runId}/captures/example.pcap`)
      expect(await readFile(path, 'utf8')).to.equal('packets')
      expect(await readFile(join(folder, 'into/allure-results/a-result.json'), 'utf8')).to.equal('{}')
      const page = await readFile(
        join(folder, 'into', 'runs', record.runId, 'conformance.html'),
        'utf8',
      ).catch(() => 'left out')
      expect(page).to.equal('left out')
      expect(relocated(harnessFailedRun()).failures[0]?.logSource).to.match(/^runs\/.*\/hosts\/worker2/)
    })
  })
})
