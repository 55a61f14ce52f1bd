import { AssertionError, expect } from 'chai'
import { missingTool } from '../missing-tool.ts'
import type { TestContext } from './context.ts'
import { CollectedEvidence } from './evidence.ts'
import { conformanceTest, type ConformanceTest } from './test.ts'
import { verify, type VerifyOptions } from './verify.ts'

const options: VerifyOptions = { timeoutMs: 1000, missing: new Map() }

function made(run: ConformanceTest['run'], needs: ConformanceTest['needs'] = []): ConformanceTest {
  return conformanceTest({
    id: 'XXX-01',
    requirement: 'A thing holds.',
    source: [{ document: 'made up' }],
    safety: 'production',
    needs,
    method: '',
    usualCauses: [],
    remedy: [],
    run,
  })
}

async function outcomeOf(
  test: ConformanceTest,
  changed: Partial<VerifyOptions> = {},
  signal = new AbortController().signal,
  lab: object = {},
) {
  const evidence = new CollectedEvidence('/nonexistent', test.id)
  const context = { signal, evidence, ...lab } as unknown as TestContext
  return (await verify(test, context, evidence, { ...options, ...changed })).verdict
}

describe('verify', () => {
  it('passes with evidence, in the words of the test', async () => {
    const verdict = await outcomeOf(
      made(async ({ evidence }) => {
        evidence.observe('seen', { pairs: 6 })
        evidence.conclude('6 pairs answered')
      }),
    )
    expect(verdict).to.deep.equal({
      outcome: 'pass',
      reason: '6 pairs answered',
      evidence: [{ kind: 'observation', name: 'seen', data: { pairs: 6 } }],
    })
  })

  it('does not pass a test that left no evidence', async () => {
    expect((await outcomeOf(made(async () => undefined))).outcome).to.equal('inconclusive')
  })

  it('takes an assertion error for a failure of the network and keeps the evidence', async () => {
    const verdict = await outcomeOf(
      made(async ({ evidence }) => {
        evidence.observe('seen', 1)
        throw new AssertionError('worker2 did not answer')
      }),
    )
    expect(verdict.outcome).to.equal('fail')
    expect(verdict.reason).to.equal('worker2 did not answer')
    expect(verdict.evidence).to.have.lengthOf(1)
  })

  it('takes any other error for a failure of the harness', async () => {
    const verdict = await outcomeOf(made(() => Promise.reject(new TypeError('x is not a function'))))
    expect(verdict.outcome).to.equal('inconclusive')
  })

  it('is inconclusive when the time limit runs out, and says which', async () => {
    const verdict = await outcomeOf(
      made(() => new Promise(() => undefined)),
      { timeoutMs: 20 },
    )
    expect(verdict.outcome).to.equal('inconclusive')
    expect(verdict.reason).to.include('0.02 s')
  })

  it('skips by the name of what is missing', async () => {
    const verdict = await outcomeOf(
      made(async () => undefined, ['ipvs']),
      { missing: new Map([['ipvs', 'worker1 lacks the kernel module ip_vs']]) },
    )
    expect(verdict).to.deep.equal({
      outcome: 'skip',
      reason: 'needs ipvs: worker1 lacks the kernel module ip_vs',
      evidence: [],
    })
  })

  it('skips by the name of the tool that was wanted and is not there, and tells that it had begun', async () => {
    const test = made(() => Promise.reject(missingTool('tcpdump', 'web2')))
    const context = { signal: new AbortController().signal } as unknown as TestContext
    const evidence = new CollectedEvidence('/nonexistent', test.id)
    expect(await verify(test, context, evidence, options)).to.deep.equal({
      verdict: {
        outcome: 'skip',
        reason: 'tcpdump is missing on web2: apt-get install tcpdump, or give --toolbox-image',
        evidence: [],
      },
      begun: true,
    })
  })

  it('gives no verdict when interrupted', async () => {
    const controller = new AbortController()
    const pending = outcomeOf(
      made(() => new Promise(() => undefined)),
      {},
      controller.signal,
    )
    controller.abort(new Error('interrupted'))
    let thrown: unknown
    await pending.catch((error: unknown) => (thrown = error))
    expect(thrown).to.be.instanceOf(Error).with.property('message', 'interrupted')
  })

  describe('on hosts of others', () => {
    const hosts = (...origins: string[]) => origins.map((origin, index) => ({ name: `host${index}`, origin }))
    const lab = (inSwarm: object[], outsiders: object[] = []) => ({
      cluster: { nodes: inSwarm.map((host) => ({ host })) },
      outsiders,
    })
    let ran = 0
    beforeEach(() => (ran = 0))
    const breaking = (safety: 'lab' | 'production' = 'lab') => ({
      ...made(async ({ evidence }) => {
        ran += 1
        evidence.observe('seen', {})
      }),
      safety,
    })
    const outcome = (
      test: ConformanceTest,
      where: object,
      changed: Partial<VerifyOptions> = {},
    ): ReturnType<typeof outcomeOf> => outcomeOf(test, changed, undefined, where)

    it('refuses a disruptive test and says how to have it', async () => {
      const verdict = await outcome(breaking(), lab(hosts('ssh', 'ssh')))
      expect(verdict.outcome).to.equal('skip')
      expect(verdict.reason).to.match(/^disruptive: .*host0, host1.*name it with --disruptive XXX-01$/)
      expect(ran).to.equal(0)
    })

    it('is not got around by one host of its own, an outsider, or another name', async () => {
      for (const where of [lab(hosts('vm', 'ssh')), lab(hosts('vm'), hosts('ssh'))]) {
        expect((await outcome(breaking(), where)).outcome).to.equal('skip')
      }
      for (const disruptive of [[], ['XXX-02'], ['XXX'], ['xxx-01'], ['*'], ['all']]) {
        expect((await outcome(breaking(), lab(hosts('ssh')), { disruptive })).outcome).to.equal('skip')
      }
      expect(ran).to.equal(0)
    })

    it('runs it where it was named, on hosts of its own, and what is safe anywhere', async () => {
      expect((await outcome(breaking(), lab(hosts('ssh')), { disruptive: ['XXX-01'] })).outcome).to.equal(
        'pass',
      )
      expect((await outcome(breaking(), lab(hosts('vm', 'container')))).outcome).to.equal('pass')
      expect((await outcome(breaking('production'), lab(hosts('ssh')))).outcome).to.equal('pass')
      expect(ran).to.equal(3)
    })
  })
})
