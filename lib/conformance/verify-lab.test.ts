import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'chai'
import { containerOrigin } from '../host/container/origin.ts'
import { labImage } from '../loaded-image.ts'
import { type Judgement, judgement } from '../observation/judgement.ts'
import { part } from '../observation/part.ts'
import { procAfter } from '../observe/recorded/proc-after.fake.ts'
import { silentProgress } from '../progress.ts'
import { FakeRemote } from '../remote/fake-remote.ts'
import { parseRun } from '../report/read-run.ts'
import { findTopology } from '../topology/find-topology.ts'
import type { ReadyLab } from './bring-up.ts'
import { judgeRun } from './judge-run.ts'
import { newRecord } from './new-record.ts'
import type { RunRecord } from './run-record.ts'
import { RunStore } from './run-store.ts'
import { scene } from './scene.ts'
import { type ConformanceTest, requirement, type Requirement } from './test.ts'
import type { Lost } from './verdict.ts'
import { verifyLab, type VerifyLabOptions } from './verify-lab.ts'

const topology = findTopology('three-node')
const gone: Lost = { what: 'task', node: 'worker1', service: 'swp-rr' }
const missed = judgement({ problems: [{ code: 'not-delivered', kind: 'missed' }], conclusion: 'x' })
const held = judgement({ conclusion: 'it holds' })

let scenesMade = 0
const shared = scene('made-up-of-verify-lab', async () => {
  scenesMade += 1
  await delay(5)
  return { made: scenesMade }
})

describe('verifyLab', () => {
  let folder: string
  let log: string[]
  let told: string[]
  let raisedAgain: number
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'swarmproof-verify-lab-'))
    log = []
    told = []
    raisedAgain = 0
    scenesMade = 0
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  type Parts = Partial<Requirement<unknown, 'not-delivered'>>

  /** Takes `ms`; what it observes is the generation. */
  function made(id: string, ms: number, parts: Parts = {}): ConformanceTest {
    return requirement<unknown, 'not-delivered'>({
      ...{ id, requirement: 'A thing holds.', source: [{ document: 'made up' }] },
      ...{ safety: 'production', needs: [], method: '', usualCauses: [], remedy: [] },
      ...{ codes: ['not-delivered'], changes: [], quiet: [], reads: [] },
      async observe({ signal, facts }) {
        log.push(`${id} begins`)
        await delay(ms, undefined, { signal })
        log.push(`${id} ends`)
        return { generation: facts.generation }
      },
      judge: () => held,
      ...parts,
    })
  }

  const creating = (id: string, ms: number, parts: Parts = {}): ConformanceTest =>
    made(id, ms, { changes: ['service'], ...parts })
  /** Judged by the generation. */
  const byGeneration = (...judged: Judgement[]): Parts => ({
    judge: (seen) => judged[(seen as { generation: number }).generation] ?? held,
  })

  function lab(nodes: readonly unknown[] = []): ReadyLab {
    const host = { name: 'manager', origin: containerOrigin, node: { role: 'manager' }, remote: {} }
    return {
      lab: { hosts: [], facts: {}, startedFrom: 'template', [Symbol.asyncDispose]: async () => undefined },
      cluster: { manager: { host }, nodes, dataPathPort: 4789 },
      stack: {
        ...{ networks: {}, services: {}, tasks: [], refused: [], names: { prefix: 'swp' } },
        probeTask: { image: labImage, nonce: '0123456789abcdef01234567' },
      },
      ...{ built: {}, states: new Map() },
    } as unknown as ReadyLab
  }

  async function verified(
    tests: readonly ConformanceTest[],
    given: Partial<VerifyLabOptions> = {},
    raised = lab(),
  ): Promise<{ readonly record: RunRecord; readonly thrown: unknown }> {
    const suites = [{ group: 'AAA', title: 'made up', tests }]
    const planned = { name: 'three-node', topology, suites }
    const record = newRecord({ labs: [planned], reproduce: '', version: 'test' })
    const store = new RunStore(folder, record)
    const thrown = await verifyLab(planned, raised, {
      ...{ record, store, labRecord: must(record.labs[0]), folder: '', progress: silentProgress },
      ...{ signal: new AbortController().signal, timeoutMs: 5000, bail: false, keep: false, atOnce: 4 },
      ...{ pairs: 'all' as const, lookAgainMs: 0 },
      onVerdict: ({ id, verdict }) => void told.push(`${id} ${verdict?.outcome ?? 'none'}`),
      ...given,
    }).catch((error: unknown) => error)
    return { record, thrown }
  }

  /** A lab of our own, that is put back where it lost something. */
  const own = (lost: () => readonly Lost[]): Partial<VerifyLabOptions> => ({
    lost: () => Promise.resolve(lost()),
    async raiseAgain() {
      log.push('put back')
      await delay(5)
      raisedAgain += 1
      return lab()
    },
  })
  const attemptsOf = ({ requirements }: RunRecord, id: string) =>
    requirements
      .find((one) => one.id === id)
      ?.attempts?.map(({ generation, outcome }) => `${generation} ${outcome}`)

  it('says beforehand what it will send and how long that may take, and keeps both with what became of it', async () => {
    const notes: string[] = []
    const progress = { ...silentProgress, note: (text: string) => void notes.push(text) }
    const tests = [
      made('AAA-01', 5, { probes: () => 12 }),
      made('AAA-02', 5, { probes: () => 100, needs: ['two-nodes'] }),
    ]
    const known = { earlier: () => Promise.resolve([]), all: tests }
    const { record } = await verified(tests, { known, progress })
    const { expected, verified: became } = record.labs[0] ?? {}
    expect(notes).to.deep.equal([
      'Verifying 1 requirement with about 12 probes, expected to take at most 5 s (by no earlier run of such a lab)',
    ])
    expect(expected).to.include({ probes: 12, runs: 0, atOnce: 4 })
    expect(became?.probes).to.equal(0)
    expect(became?.seconds, 'of a second at most, however busy the machine is').to.be.below(5)
    const again = await verified(tests, { known, progress, serial: true, timeoutMs: 1000 })
    expect(again.record.labs[0]?.expected?.atOnce).to.equal(1)
    expect((await verified(tests)).record.labs[0]).not.to.have.property('expected')
  })

  it('has not come to its end where it stopped at what is broken', async () => {
    const tests = [made('AAA-01', 5, { judge: () => missed }), made('AAA-02', 5)]
    const known = { earlier: () => Promise.resolve([]), all: tests }
    const { record } = await verified(tests, { known, bail: true, serial: true })
    expect(record.labs[0]).to.have.property('expected')
    expect(record.labs[0]).not.to.have.property('verified')
  })

  it('tells verdicts in the order of the plan, with the evidence of each, whatever order they fall in', async () => {
    const tests = [
      creating('AAA-01', 40, { judge: () => missed }),
      made('AAA-02', 5),
      creating('AAA-03', 5),
      made('AAA-04', 5, { quiet: ['tasks'] }),
    ]
    const { record } = await verified(tests)
    expect(told).to.deep.equal(['AAA-01 fail', 'AAA-02 pass', 'AAA-03 pass', 'AAA-04 pass'])
    expect(log.slice(4)).to.deep.equal(['AAA-01 begins', 'AAA-03 begins', 'AAA-03 ends', 'AAA-01 ends'])
    expect(record.requirements.map(({ attempts }) => attempts?.[0]?.observations)).to.deep.equal(
      tests.map(({ id }) => `observations/${id}#0.json`),
    )
    // As on nodes of one processor.
    log = []
    await verified(tests, { atOnce: 1 })
    expect(log.slice(0, 4)).to.deep.equal(['AAA-01 begins', 'AAA-01 ends', 'AAA-02 begins', 'AAA-02 ends'])
    log = []
    told = told.slice(0, 4)
    const serial = await verified(tests, { serial: true })
    expect(told.slice(4)).to.deep.equal(told.slice(0, 4))
    expect(log.slice(0, 4)).to.deep.equal(['AAA-01 begins', 'AAA-01 ends', 'AAA-02 begins', 'AAA-02 ends'])
    const verdicts = (of: RunRecord) => of.requirements.map(({ verdict }) => verdict)
    expect(verdicts(serial.record)).to.deep.equal(verdicts(record))
  })

  it('says what is under way and how much is done', async () => {
    const details: string[] = []
    const progress = {
      ...silentProgress,
      begin: (what: string) => ({
        ...silentProgress.begin(what),
        update: (detail: string) => void (what === 'Verifying' && details.push(detail)),
      }),
    }
    await verified([made('AAA-01', 1), creating('AAA-02', 5), creating('AAA-03', 50)], { progress })
    expect(details).to.deep.equal([
      'AAA-01; 0 of 3 done',
      '1 of 3 done',
      'AAA-02, AAA-03; 1 of 3 done',
      'AAA-03; 2 of 3 done',
      '3 of 3 done',
    ])
  })

  it('makes a scene once for all that rest on it', async () => {
    const seen: unknown[] = []
    const reading = (id: string, parts: Parts = {}): ConformanceTest =>
      made(id, 0, {
        ...{ reads: [shared], observe: async (context) => seen.push(await context.scene(shared)) },
        ...parts,
      })
    await verified([reading('AAA-01'), reading('AAA-02', { changes: ['service'] }), reading('AAA-03')])
    expect([scenesMade, seen.length]).to.deep.equal([1, 3])
  })

  it('ends with --bail at the first that does not hold, wherever it is in the plan', async () => {
    const { record } = await verified(
      [
        creating('AAA-01', 5),
        made('AAA-02', 5),
        made('AAA-03', 5, { judge: () => missed }),
        made('AAA-04', 5),
      ],
      { bail: true },
    )
    expect(log).to.deep.equal(['AAA-02 begins', 'AAA-02 ends', 'AAA-03 begins', 'AAA-03 ends'])
    expect(told).to.deep.equal(['AAA-02 pass', 'AAA-03 fail'])
    expect(record.requirements.map(({ verdict }) => verdict?.outcome)).to.deep.equal([
      undefined,
      'pass',
      'fail',
      undefined,
    ])
  })

  it('lets what is under way end with --bail, and tells it', async () => {
    await verified(
      [creating('AAA-01', 5, { judge: () => missed }), creating('AAA-02', 300), creating('AAA-03', 5)],
      { bail: true },
    )
    expect(told).to.deep.equal(['AAA-01 fail', 'AAA-02 pass', 'AAA-03 pass'])
  })

  it('gives no verdict to what an interruption found under way, and keeps those that had fallen', async () => {
    const controller = new AbortController()
    const interrupting = creating('AAA-02', 10, {
      judge: () => (controller.abort(new Error('interrupted')), held),
    })
    const { record, thrown } = await verified(
      [creating('AAA-01', 5000), interrupting, creating('AAA-03', 5000), made('AAA-04', 1)],
      { signal: controller.signal },
    )
    expect(thrown).to.be.instanceOf(Error).with.property('message', 'interrupted')
    expect(told.sort()).to.deep.equal(['AAA-02 pass', 'AAA-04 pass'])
    expect(record.requirements.filter(({ verdict }) => verdict === undefined)).to.have.lengthOf(2)
    const stored = readdirSync(join(folder, record.runId, 'observations'))
    expect(stored).to.include('AAA-04#0.json').and.not.include('AAA-01#0.json')
  })

  it('begins nothing more once it was interrupted', async () => {
    for (const serial of [false, true]) {
      log = []
      const controller = new AbortController()
      const interrupting = made('AAA-01', 1, {
        judge: () => (controller.abort(new Error('interrupted')), held),
      })
      await verified([interrupting, made('AAA-02', 1)], { signal: controller.signal, serial })
      expect(log).to.deep.equal(['AAA-01 begins', 'AAA-01 ends'])
    }
  })

  it('waits on a lab that stays until what was interrupted has removed what it created, but not for ever', async () => {
    const interrupted = async (given: Partial<VerifyLabOptions>): Promise<void> => {
      log = []
      const controller = new AbortController()
      const removing = (id: string, ms: number): ConformanceTest =>
        creating(id, 0, {
          async observe({ signal }) {
            log.push(`${id} begins`)
            if (log.length === 2) setTimeout(() => controller.abort(new Error('interrupted')), 5)
            try {
              await delay(5000, undefined, { signal })
            } finally {
              await delay(ms)
              log.push(`${id} removed`)
            }
          },
        })
      const tests = [removing('AAA-01', 100), removing('AAA-02', 3000)]
      await verified(tests, { signal: controller.signal, abandonedMs: 500, ...given })
    }
    await interrupted({})
    expect(log.slice(2)).to.deep.equal(['AAA-01 removed'])
    await interrupted(own(() => []))
    expect(log.slice(2), 'of a lab that is removed whole').to.deep.equal([])
  })

  it('gives each its own time', async () => {
    const { record } = await verified(
      [creating('AAA-01', 8000), creating('AAA-02', 5), creating('AAA-03', 1500, { timeLimitMs: 20_000 })],
      { timeoutMs: 1000 },
    )
    expect(record.requirements.map(({ verdict }) => verdict?.outcome)).to.deep.equal([
      'inconclusive',
      'pass',
      'pass',
    ])
  })

  it('puts a lab that lost something back once for all it was lost beneath, when the others have ended', async () => {
    const { record } = await verified(
      [
        creating('AAA-01', 5, byGeneration(missed, held)),
        creating('AAA-02', 15, byGeneration(missed, held)),
        creating('AAA-03', 60),
        made('AAA-04', 1),
      ],
      own(() => (raisedAgain === 0 ? [gone] : [])),
    )
    expect(raisedAgain).to.equal(1)
    expect(log.indexOf('put back')).to.be.above(log.indexOf('AAA-03 ends'))
    expect(attemptsOf(record, 'AAA-01')).to.deep.equal(['0 fail', '1 pass'])
    expect(attemptsOf(record, 'AAA-02')).to.deep.equal(['0 fail', '1 pass'])
    expect(attemptsOf(record, 'AAA-03')).to.deep.equal(['0 pass'])
    expect(told).to.deep.equal(['AAA-01 pass', 'AAA-02 pass', 'AAA-03 pass', 'AAA-04 pass'])
  })

  it('begins what changes something when the objects of the swarm were read, and the rest before', async () => {
    const raised = lab()
    const { host } = raised.cluster.manager
    const exec = async (): Promise<never> => {
      await delay(60)
      log.push('objects read')
      throw new Error('a manager that says nothing')
    }
    Object.assign(host, { remote: { exec } })
    await verified([made('AAA-01', 5), creating('AAA-02', 5)], {}, raised)
    expect(log).to.deep.equal([
      ...['AAA-01 begins', 'AAA-01 ends', 'objects read', 'AAA-02 begins', 'AAA-02 ends'],
    ])
  })

  it('gives no fail where the lab loses something beneath the last attempt, too', async () => {
    const { record } = await verified(
      [1, 2, 3, 4, 5].map((number) => creating(`AAA-0${number}`, 5 * number, { judge: () => missed })),
      own(() => [gone]),
    )
    expect(record.requirements.map(({ verdict }) => verdict?.outcome)).to.deep.equal(
      Array<string>(5).fill('inconclusive'),
    )
    expect(raisedAgain).to.be.within(1, 3)
  })

  it('begins nothing more on a lab that could not be put back, and says why', async () => {
    const { thrown } = await verified(
      [
        creating('AAA-01', 5, { judge: () => missed }),
        creating('AAA-02', 10, { judge: () => missed }),
        creating('AAA-03', 20),
        made('AAA-04', 1, { safety: 'lab' }),
      ],
      {
        ...own(() => [gone]),
        raiseAgain: () => Promise.reject(new Error(`no memory, ${(raisedAgain += 1)}`)),
      },
    )
    expect(thrown).to.be.instanceOf(Error).with.property('message', 'no memory, 1')
    expect(raisedAgain, 'tried once').to.equal(1)
    expect(told).to.deep.equal(['AAA-03 pass'])
    expect(log).to.not.include('AAA-04 begins')
  })

  it('begins nothing on a lab that could not be put back while it waited for that', async () => {
    const { record, thrown } = await verified(
      [creating('AAA-01', 5, { judge: () => missed }), creating('AAA-02', 60), creating('AAA-03', 5)],
      {
        ...own(() => [gone]),
        atOnce: 2,
        raiseAgain: () => delay(20).then(() => Promise.reject(new Error('no memory'))),
      },
    )
    expect(thrown).to.be.instanceOf(Error).with.property('message', 'no memory')
    expect(told).to.deep.equal(['AAA-02 pass'])
    expect(log).to.not.include('AAA-03 begins')
    expect(record.requirements.map(({ verdict }) => verdict?.outcome)).to.deep.equal([
      ...[undefined, 'pass', undefined],
    ])
  })

  it('begins nothing where it was interrupted before, and puts nothing back after', async () => {
    const before = AbortSignal.abort(new Error('interrupted'))
    await verified([made('AAA-01', 1), creating('AAA-02', 1)], { signal: before })
    expect(log).to.deep.equal([])
    const controller = new AbortController()
    await verified([creating('AAA-01', 5, { judge: () => missed }), creating('AAA-02', 5000)], {
      ...own(() => (setTimeout(() => controller.abort(new Error('interrupted')), 20), [gone])),
      signal: controller.signal,
    })
    expect(log).to.include('AAA-02 begins').and.not.include('put back')
  })

  describe('on hosts that are short of processor time', () => {
    const leak = judgement({ problems: [{ code: 'answered-by-another', kind: 'seen' }], conclusion: 'x' })

    /** Whose processor runs `share` of the time that is asked of it, which is nearly all. */
    async function starvedRun(share: (now: number) => number, ...judged: Judgement[]) {
      let [now, at, busy] = [0, 0, 0]
      const remote = new FakeRemote('worker1').answer('/proc/uptime', () => {
        busy += ((now - at) / 1000) * share(now)
        at = now
        return procAfter({ seconds: now / 1000, busy, idle: 0, waiting: 70 })
      })
      const address = { address: '192.0.2.1', interface: 'eth1' }
      const worker = {
        host: { name: 'worker1', origin: containerOrigin, node: { role: 'worker' }, remote },
        ...{ role: 'worker', engineVersion: '28.5.2', kernelRelease: '6.12.0', nodeId: 'id' },
        ...{ advertise: address, dataPath: address },
      }
      const test = requirement<unknown, 'not-delivered' | 'answered-by-another'>({
        ...made('AAA-01', 0),
        ...{ reads: [], codes: ['not-delivered', 'answered-by-another'] },
        async observe({ facts }) {
          now += 30_000
          return { generation: facts.generation }
        },
        judge: (seen) => judged[(seen as { generation: number }).generation] ?? held,
      })
      const notes: string[] = []
      const clock = { now: () => now, sleep: async (ms: number) => void (now += ms) }
      const progress = { ...silentProgress, note: (text: string) => void notes.push(text) }
      const { record } = await verified(
        [made('AAA-00', 0, { observe: async () => (now += 25_000) }), test],
        { clock, progress, lost: async () => [] },
        lab([worker]),
      )
      const [, one] = record.requirements
      return { record, notes, verdict: one?.verdict, attempts: one?.attempts ?? [] }
    }

    it('waits, and makes no failure of what was late', async () => {
      const { record, notes, verdict, attempts } = await starvedRun(() => 0.3, missed)
      expect(verdict).to.deep.include({ outcome: 'inconclusive' })
      expect(verdict?.controls.map(({ name, held: was }) => [name, was])).to.deep.equal([
        ['hosts-not-starved', false],
      ])
      expect(attempts).to.have.lengthOf(1)
      expect(attempts[0]?.starved?.[0]).to.deep.include({ node: 'worker1', deniedShare: 0.7 })
      const [lab0] = record.labs
      expect(lab0?.slowedDown?.waitedMs).to.be.at.least(60_000)
      expect(notes.filter((note) => note.startsWith('The hosts are starved: worker1'))).to.have.lengthOf(1)
      const stored = parseRun(readFileSync(join(folder, record.runId, 'run.json'), 'utf8'), 'run.json')
      expect(stored.labs[0]?.slowedDown).to.deep.equal(lab0?.slowedDown)
      const tests = [made('AAA-01', 0, { judge: () => missed })]
      const again = judgeRun(stored, join(folder, record.runId), tests)
      expect(again.changed).to.deep.equal([])
      expect(again.judged).to.equal(1)
    })

    it('fails for what was seen', async () => {
      const { verdict } = await starvedRun(() => 0.3, leak)
      expect(verdict).to.deep.include({ outcome: 'fail' })
    })

    it('verifies once more when they are calm', async () => {
      const { verdict, attempts } = await starvedRun((now) => (now > 150_000 ? 0.9 : 0.3), missed)
      expect(verdict).to.deep.include({ outcome: 'pass' })
      expect(attempts.map(({ outcome, repeated }) => [outcome, repeated?.because])).to.deep.equal([
        ['inconclusive', 'hosts-starved'],
        ['pass', undefined],
      ])
    })

    it('lets a failure stand where they had the time they asked for', async () => {
      const { record, verdict } = await starvedRun(() => 0.8, missed)
      expect(verdict).to.deep.include({ outcome: 'fail' })
      expect(record.labs[0]).not.to.have.any.keys('slowedDown')
    })
  })

  it('captures again for one while others go on in the generation they began in, three times at most', async () => {
    const blind = judgement({
      unseen: part({ a: { blind: '3 packets dropped' } }, 'capture').unseen,
      conclusion: 'x',
    })
    const { record } = await verified([
      creating('AAA-01', 5, byGeneration(blind)),
      creating('AAA-02', 40),
      ...[3, 4, 5, 6].map((number) => creating(`AAA-0${number}`, 10, { judge: () => blind })),
    ])
    expect(attemptsOf(record, 'AAA-02')).to.deep.equal(['0 pass'])
    const attempts = record.requirements.map((one) => one.attempts?.length ?? 0)
    expect(attempts.filter((count) => count === 2)).to.have.lengthOf(3)
  })
})

function must<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('there is none')
  return value
}
