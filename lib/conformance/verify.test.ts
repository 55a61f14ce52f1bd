import { containerOrigin } from '../host/container/origin.ts'
import { existingHosts, type HostOrigin } from '../host/origin.ts'
import { machineOrigin } from '../host/vm/origin.ts'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'chai'
import { SwarmproofError } from '../error.ts'
import { Inconclusive } from '../inconclusive.ts'
import type { Cluster } from '../swarm/cluster.ts'
import { networkTurn } from '../swarm/network-turns.ts'
import { missingTool } from '../missing-tool.ts'
import { type Judgement, judgement } from '../observation/judgement.ts'
import { CollectedEvidence } from './evidence.ts'
import { Observations, type StoredObservation } from './observations.ts'
import { type Part, part } from '../observation/part.ts'
import type { ContextOf } from './shared-context.ts'
import { type ConformanceTest, requirement, type Requirement } from './test.ts'
import { type Verification, verify, type VerifyOptions } from './verify.ts'

const options: VerifyOptions = { timeoutMs: 1000, missing: new Map() }
const concluded = judgement({ conclusion: '6 pairs answered' })

type Parts = Partial<Requirement<unknown, 'not-delivered'>>

function made(parts: Parts = {}): ConformanceTest {
  return requirement<unknown, 'not-delivered'>({
    ...{ id: 'XXX-01', requirement: 'A thing holds.', source: [{ document: 'made up' }] },
    ...{ safety: 'production', needs: [], method: '', usualCauses: [], remedy: [] },
    ...{ codes: ['not-delivered'], changes: [], quiet: [], reads: [] },
    observe: async () => ({ pairs: 6 }),
    judge: () => concluded,
    ...parts,
  })
}

describe('verify', () => {
  let stored: Map<string, unknown>
  beforeEach(() => (stored = new Map()))

  async function verified(
    test: ConformanceTest,
    changed: Partial<VerifyOptions> = {},
    signal = new AbortController().signal,
    lab: object = {},
  ): Promise<Verification> {
    const evidence = new CollectedEvidence('/nonexistent', test.id)
    const observations = new Observations({ writeJson: (name, value) => void stored.set(name, value) }, '')
    const context = {
      ...{ signal, observations, generation: 0, facts: { nodes: [] }, topology: { name: 'lab' } },
      ...lab,
    } as unknown as ContextOf
    return verify(test, context, evidence, { ...options, ...changed })
  }

  const outcomeOf = async (...given: Parameters<typeof verified>) => (await verified(...given)).verdict

  it('judges what was observed, after it went through JSON, and stores it', async () => {
    let judged: unknown
    const test = made({
      observe: async () => ({ pairs: 6, none: undefined }),
      judge: (seen) => {
        judged = seen
        return concluded
      },
    })
    const { verdict, observations } = await verified(test)
    expect(verdict).to.deep.include({ outcome: 'pass', reason: '6 pairs answered' })
    expect(judged).to.deep.equal({ pairs: 6 })
    expect(observations).to.equal('observations/XXX-01#0.json')
    expect(stored.get('observations/XXX-01#0.json')).to.deep.include({
      requirement: 'XXX-01',
      seen: { pairs: 6 },
    })
  })

  it('does not pass what concluded nothing', async () => {
    const { outcome, reason } = await outcomeOf(made({ judge: () => judgement({ conclusion: '' }) }))
    expect([outcome, reason]).to.deep.equal(['inconclusive', 'nothing was observed'])
  })

  it('is inconclusive where a host or an engine failed, and keeps what was thrown', async () => {
    const refused = new SwarmproofError({
      code: 'ENGINE_REFUSED',
      what: 'the engine refused',
      host: 'worker1',
    })
    for (const error of [
      refused,
      new Inconclusive('no task runs'),
      Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET', syscall: 'read' }),
    ]) {
      const { outcome, reason } = await outcomeOf(made({ observe: () => Promise.reject(error) }))
      expect([outcome, reason]).to.deep.equal(['inconclusive', error.message])
    }
    await outcomeOf(made({ observe: () => Promise.reject(refused) }))
    const { threw } = stored.get('observations/XXX-01#0.json') as StoredObservation
    expect(threw).to.deep.include({ code: 'ENGINE_REFUSED', host: 'worker1' })
  })

  it('goes by what came first where removing what was created threw as well, but for an error of our own code', async () => {
    const refused = (what: string) => new SwarmproofError({ code: 'DOCKER_FAILED', what, host: 'worker1' })
    const both = (first: Error, then: Error): ConformanceTest =>
      made({
        async observe() {
          await using created = { [Symbol.asyncDispose]: () => Promise.reject(then) }
          await Promise.reject(first)
          return created
        },
      })
    const engine = await outcomeOf(both(refused('no task'), refused('not removed')))
    expect([engine.outcome, engine.reason]).to.deep.equal(['inconclusive', 'no task (on worker1)'])
    expect(engine.threw).to.deep.equal({ code: 'DOCKER_FAILED', host: 'worker1' })
    for (const [first, then] of [
      [new TypeError('x is not a function'), refused('not removed')],
      [refused('no task'), new TypeError('x is not a function')],
    ] as const) {
      const { outcome, reason } = await outcomeOf(both(first, then))
      expect([outcome, reason]).to.deep.equal([
        ...['broken', 'an error in swarmproof itself: TypeError: x is not a function'],
      ])
    }
  })

  it('is broken by an error of our own code, in observing and in judging, and never says it of the network', async () => {
    const bug = (): never => {
      throw new TypeError('x is not a function')
    }
    for (const test of [made({ observe: async () => bug() }), made({ judge: bug })]) {
      const { verdict, error } = await verified(test)
      expect(verdict.outcome).to.equal('broken')
      expect(verdict.reason).to.equal('an error in swarmproof itself: TypeError: x is not a function')
      expect(error?.stack).to.include('verify.test.ts')
    }
  })

  it('is broken by what JSON does not carry, and by a code that is not declared', async () => {
    expect((await outcomeOf(made({ observe: async () => new Map([[1, 2]]) }))).outcome).to.equal('broken')
    const other: Judgement = judgement({
      problems: [{ code: 'module-missing', kind: 'seen' }],
      conclusion: 'x',
    })
    const { outcome, reason } = await outcomeOf(made({ judge: () => other }))
    expect([outcome, reason]).to.deep.equal([
      'broken',
      'an error in swarmproof itself: Error: XXX-01 does not declare the code module-missing',
    ])
  })

  it('is inconclusive when the time limit runs out, and says which', async () => {
    const { outcome, reason } = await outcomeOf(made({ observe: () => new Promise(() => undefined) }), {
      timeoutMs: 20,
    })
    expect(outcome).to.equal('inconclusive')
    expect(reason).to.include('0.02 s')
  })

  it('does not count the wait for a turn among networks, but ends where none comes', async () => {
    const cluster = {} as Cluster
    const waits = (heldMs: number): ConformanceTest =>
      made({
        async observe() {
          void networkTurn(cluster, () => delay(heldMs))
          await networkTurn(cluster, () => Promise.resolve())
          return { pairs: 6 }
        },
      })
    expect((await outcomeOf(waits(900), { timeoutMs: 600 })).outcome).to.equal('pass')
    expect((await outcomeOf(waits(2400), { timeoutMs: 600 })).outcome).to.equal('inconclusive')
  })

  it('says that a capture may have missed packets, so that taking it again may help', async () => {
    const judged = (wire: Part<never>) =>
      verified(
        made({ judge: () => judgement({ unseen: part({ a: wire }, 'capture').unseen, conclusion: 'x' }) }),
      )
    expect(await judged({ blind: '3 packets dropped' })).to.include({ captureIncomplete: true })
    expect(await judged({ threw: 'connection lost' })).to.not.have.property('captureIncomplete')
    expect(await verified(made())).to.not.have.property('captureIncomplete')
  })

  describe('what is missing', () => {
    const missing = new Map([['ipvs', { what: 'ip_vs', of: 'swarm', nodes: ['worker1'] }]] as const)

    it('of the swarm is a failure of its node, and a skip where hosts share a kernel', async () => {
      const test = made({ needs: ['ipvs'] })
      const failed = await outcomeOf(test, { missing })
      expect([failed.outcome, failed.reason]).to.deep.equal([
        'fail',
        'the kernel of worker1 has no module ip_vs',
      ])
      expect(failed.problems).to.deep.equal([
        { code: 'module-missing', kind: 'seen', node: 'worker1', subject: 'ip_vs' },
      ])
      const shared = await outcomeOf(test, { missing, sharesKernel: true })
      expect([shared.outcome, shared.reason]).to.deep.equal(['skip', 'ip_vs is missing on worker1'])
      expect(stored.size).to.equal(0)
    })

    it('of the topology is a skip', async () => {
      const lacks = new Map([
        ['outsider', { what: 'outsider in topology x', of: 'topology', nodes: [] }],
      ] as const)
      const { outcome } = await outcomeOf(made({ needs: ['outsider'] }), { missing: lacks })
      expect(outcome).to.equal('skip')
    })

    it('of tools is a skip by their names, and tells that it had begun', async () => {
      const test = made({ observe: () => Promise.reject(missingTool('tcpdump', 'web2')) })
      const { verdict, begun } = await verified(test)
      expect([verdict.outcome, verdict.reason, begun]).to.deep.equal([
        'skip',
        'tcpdump is missing on web2: apt-get install tcpdump, or give --toolbox-image',
        true,
      ])
    })
  })

  it('gives no verdict when interrupted', async () => {
    const controller = new AbortController()
    const pending = verified(made({ observe: () => new Promise(() => undefined) }), {}, controller.signal)
    controller.abort(new Error('interrupted'))
    let thrown: unknown
    await pending.catch((error: unknown) => (thrown = error))
    expect(thrown).to.be.instanceOf(Error).with.property('message', 'interrupted')
  })

  it('copies the packets that decided out of the capture', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'swarmproof-verify-'))
    try {
      const evidence = new CollectedEvidence(folder, 'XXX-01')
      await evidence.packetsAt('gone', [{ file: 'captures/gone.pcap', index: 1 }])
      expect(evidence.entries).to.deep.equal([])
      const timestamp = { seconds: 1, nanoseconds: 0, digits: 6 }
      const packets = [1, 2, 3].map((first) => ({
        ...{ number: first, timestamp, linkType: 1, capturedBytes: 20, originalBytes: 20, layers: [] },
        bytes: new Uint8Array(20).fill(first),
      }))
      evidence.packets('all', packets)
      await evidence.packetsAt('second', [{ file: 'captures/XXX-01-all.pcap', index: 2 }])
      const file = readFileSync(join(folder, 'captures/XXX-01-second.pcap'))
      expect([...file.subarray(-20)]).to.deep.equal(Array<number>(20).fill(2))
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  describe('on existing hosts', () => {
    const hosts = (...origins: HostOrigin[]) =>
      origins.map((origin, index) => ({ name: `host${index}`, origin }))
    const lab = (inSwarm: object[], outsiders: object[] = []) => ({
      cluster: { nodes: inSwarm.map((host) => ({ host })) },
      outsiders,
    })
    let ran = 0
    beforeEach(() => (ran = 0))
    const breaking = (safety: 'lab' | 'production' = 'lab') =>
      made({
        safety,
        observe: async () => {
          ran += 1
          return {}
        },
      })
    const outcome = (
      test: ConformanceTest,
      where: object,
      changed: Partial<VerifyOptions> = {},
    ): ReturnType<typeof outcomeOf> => outcomeOf(test, changed, undefined, where)

    it('refuses a disruptive test and says how to have it', async () => {
      const verdict = await outcome(breaking(), lab(hosts(existingHosts, existingHosts)))
      expect(verdict.outcome).to.equal('skip')
      expect(verdict.reason).to.match(/^disruptive: .*host0, host1.*name it with --disruptive XXX-01$/)
      expect(ran).to.equal(0)
    })

    it('is not got around by one host of its own, an outsider, or another name', async () => {
      for (const where of [
        lab(hosts(machineOrigin, existingHosts)),
        lab(hosts(machineOrigin), hosts(existingHosts)),
      ]) {
        expect((await outcome(breaking(), where)).outcome).to.equal('skip')
      }
      for (const disruptive of [[], ['XXX-02'], ['XXX'], ['xxx-01'], ['*'], ['all']]) {
        expect((await outcome(breaking(), lab(hosts(existingHosts)), { disruptive })).outcome).to.equal(
          'skip',
        )
      }
      expect(ran).to.equal(0)
    })

    it('runs it where it was named, on hosts of its own, and what is safe anywhere', async () => {
      expect(
        (await outcome(breaking(), lab(hosts(existingHosts)), { disruptive: ['XXX-01'] })).outcome,
      ).to.equal('pass')
      expect((await outcome(breaking(), lab(hosts(machineOrigin, containerOrigin)))).outcome).to.equal('pass')
      expect((await outcome(breaking('production'), lab(hosts(existingHosts)))).outcome).to.equal('pass')
      expect(ran).to.equal(3)
    })
  })
})
