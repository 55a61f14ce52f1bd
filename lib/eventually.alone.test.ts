import { EventEmitter, once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'chai'
import { SwarmproofError } from './error.ts'
import { eventually, type Wake } from './eventually.ts'
import { retryingRemote } from './remote/retrying-remote.ts'
import { engineOf } from './swarm/engine-of.ts'

async function messageOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'resolved',
    (error: unknown) => (error as Error).message,
  )
}

describe('eventually', () => {
  it('resolves with the value of the first look that is ready', async () => {
    let looks = 0
    const value = await eventually({ what: 'three looks', withinMs: 5000, everyMs: 1 }, async () => {
      looks += 1
      return looks < 3 ? { ready: false, seen: `${looks}` } : { ready: true, value: looks }
    })
    expect(value).to.equal(3)
  })

  it('states the bound and quotes the last look when it runs out', async () => {
    const work = eventually(
      { what: 'all nodes Ready', withinMs: 0, everyMs: 1, host: 'manager' },
      async () => ({
        ready: false,
        seen: 'worker2 Down',
      }),
    )
    expect(await messageOf(work)).to.equal(
      'all nodes Ready: not within 0 s (on manager)\n  observed: worker2 Down',
    )
  })

  it('has what was seen told once, when the bound has run out', async () => {
    let asked = 0
    const telling = async (): Promise<string> => `asked ${(asked += 1)}`
    const bound = { what: 'x', withinMs: 30, everyMs: 1 }
    let looks = 0
    const work = eventually(bound, async () => ({ ready: false, seen: ((looks += 1), telling) }))
    expect(await messageOf(work)).to.include('asked 1')
    expect(looks).to.be.above(1)
    const failing = (): Promise<string> => Promise.reject(new Error('engine gone'))
    const never = eventually({ ...bound, withinMs: 0 }, async () => ({ ready: false, seen: failing }))
    expect(await messageOf(never)).to.include('engine gone')
  })

  it('gives up what a host would show that was let go of', async () => {
    const bound = { what: 'the service is removed', withinMs: 60_000, everyMs: 1 }
    const remote = retryingRemote('manager', () => Promise.reject(new Error('not asked')))
    await remote[Symbol.asyncDispose]()
    const looking = eventually(bound, async () => {
      await engineOf({ name: 'manager', remote }).delete('/services/web')
      return { ready: true, value: undefined }
    })
    expect(await messageOf(looking)).to.contain('the Remote was disposed')
    const interrupted = new SwarmproofError({ code: 'INTERRUPTED', what: 'interrupted by SIGINT' })
    const caused = new SwarmproofError({ code: 'DOCKER_FAILED', what: 'no answer', cause: interrupted })
    expect(await messageOf(eventually(bound, () => Promise.reject(caused)))).to.equal('no answer')
  })

  it('takes a look that fails for "not yet", and quotes it if it stays so', async () => {
    let looks = 0
    const value = await eventually({ what: 'x', withinMs: 5000, everyMs: 1 }, async () => {
      looks += 1
      if (looks === 1) throw new Error('deadline exceeded')
      return { ready: true, value: looks }
    })
    expect(value).to.equal(2)
    const never = eventually({ what: 'x', withinMs: 0, everyMs: 1 }, () =>
      Promise.reject(new Error('engine gone')),
    )
    expect(await messageOf(never)).to.include('engine gone')
  })

  it('pauses at least as long as a look takes', async () => {
    const at: number[] = []
    await eventually({ what: 'x', withinMs: 5000, everyMs: 1 }, async () => {
      at.push(performance.now())
      await delay(at.length === 1 ? 60 : 0)
      return at.length < 2 ? { ready: false, seen: '' } : { ready: true, value: undefined }
    })
    expect((at[1] ?? 0) - (at[0] ?? 0)).to.be.at.least(115)
  })

  it('ends when aborted', async () => {
    const controller = new AbortController()
    const work = eventually(
      { what: 'x', withinMs: 60_000, everyMs: 60_000, signal: controller.signal },
      async () => {
        controller.abort(new Error('interrupted'))
        return { ready: false, seen: '' }
      },
    )
    expect(await messageOf(work)).to.match(/abort|interrupted/i)
  })

  describe('with something that tells of changes', () => {
    const bound = { what: 'x', withinMs: 10_000, everyMs: 5_000 }
    const wakeBy = (events: EventEmitter): Wake & { begun: number } => ({
      begun: 0,
      async begin() {
        this.begun += 1
      },
      next: async (signal) => void (await once(events, 'told', { signal }).catch(() => undefined)),
    })

    it('looks when it is told, and not before it listens', async () => {
      const events = new EventEmitter()
      const wake = wakeBy(events)
      let [looks, isThere] = [0, false]
      const seen = eventually({ ...bound, wake }, async () => {
        looks += 1
        expect(wake.begun, 'listens before each look').to.equal(looks)
        return isThere ? { ready: true, value: looks } : { ready: false, seen: 'nothing' }
      })
      await delay(20)
      isThere = true
      const toldAt = performance.now()
      // Several that come together are one.
      for (let told = 0; told < 3; told += 1) events.emit('told')
      expect(await seen).to.equal(2)
      expect(performance.now() - toldAt).to.be.within(190, 4_000)
      expect(events.listenerCount('told'), 'listeners left').to.equal(0)
    })

    it('hears what is told while it looks', async () => {
      const events = new EventEmitter()
      let looks = 0
      const startedAt = performance.now()
      await eventually({ ...bound, wake: wakeBy(events) }, async () => {
        looks += 1
        if (looks === 1) events.emit('told')
        return looks < 2 ? { ready: false, seen: 'nothing' } : { ready: true, value: looks }
      })
      expect(performance.now() - startedAt).to.be.within(190, 4_000)
    })

    it('looks all the same where nothing is told, and closely after it was', async () => {
      const at: number[] = []
      const events = new EventEmitter()
      const startedAt = performance.now()
      await eventually({ ...bound, everyMs: 900, wake: wakeBy(events) }, async () => {
        at.push(performance.now() - startedAt)
        if (at.length === 2) events.emit('told')
        return at.length < 4 ? { ready: false, seen: 'nothing' } : { ready: true, value: 0 }
      })
      const pauses = at.slice(1).map((ms, index) => Math.round(ms - (at[index] ?? 0)))
      expect(pauses[0], 'nothing was told').to.be.at.least(890)
      expect(pauses[1], 'told').to.be.within(190, 800)
      expect(pauses[2], 'not yet ready after it was told').to.be.within(190, 800)
    })
  })
})
