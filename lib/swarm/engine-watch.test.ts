import type { ServerResponse } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'chai'
import { eventually } from '../eventually.ts'
import { engineOf } from './engine-of.ts'
import { EngineWatch } from './engine-watch.ts'
import { ServedEngine } from './served-engine.fake.ts'

function watched(): { remote: ServedEngine; watch: EngineWatch; tell: () => void } {
  const answers: ServerResponse[] = []
  const remote = new ServedEngine('worker1', (_, answer) => {
    answers.push(answer.writeHead(200))
    answer.flushHeaders()
  })
  const watch = new EngineWatch(engineOf({ name: 'worker1', remote }), { label: ['swarmproof.run=x'] })
  return { remote, watch, tell: () => void answers.at(-1)?.write('{"Action":"start"}\n') }
}

/** What must not come is waited for so long. */
const moment = 60

/** Whether it was told within a moment; what has to come is given more than that. */
async function isTold(told: Promise<unknown>, withinMs = 5000): Promise<boolean> {
  const late = new AbortController()
  const never = delay(withinMs, false, { signal: late.signal }).catch(() => false)
  try {
    return await Promise.race([told.then(() => true), never])
  } finally {
    late.abort()
  }
}

describe('watching an engine', () => {
  it('tells of every event from then on, over one connection of its own', async () => {
    const { remote, watch, tell } = watched()
    const { signal } = new AbortController()
    await Promise.all([watch.begin(), watch.begin()])
    await watch.begin()
    expect(remote.requests).to.deep.equal(['GET /events?filters={"label":["swarmproof.run=x"]}'])
    for (let round = 0; round < 2; round += 1) {
      const [first, second] = [watch.next(signal), watch.next(signal)]
      expect(await isTold(first, moment), 'before it was told').to.equal(false)
      tell()
      expect(await Promise.all([isTold(first), isTold(second)])).to.deep.equal([true, true])
    }
    expect(remote).to.include({ dials: 1, open: 1 })
  })

  it('begins again where its connection was lost', async () => {
    const { remote, watch, tell } = watched()
    await watch.begin()
    remote.cut()
    await eventually({ what: 'it begins again', withinMs: 5000, everyMs: 5 }, async () => {
      await watch.begin()
      return remote.dials === 2 ? { ready: true, value: undefined } : { ready: false, seen: 'not yet' }
    })
    const told = watch.next(new AbortController().signal)
    tell()
    expect(await isTold(told)).to.equal(true)
  })

  it('is in vain where the engine does not answer, and ends with the signal', async () => {
    const { remote, watch } = watched()
    remote.refusal = { exitCode: 1, words: 'no engine' }
    await watch.begin()
    const stop = new AbortController()
    const told = watch.next(stop.signal)
    expect(await isTold(told, moment)).to.equal(false)
    stop.abort()
    await told
    remote.refusal = undefined
    await eventually({ what: 'it listens', withinMs: 5000, everyMs: 5 }, async () => {
      await watch.begin()
      return remote.open === 1 ? { ready: true, value: undefined } : { ready: false, seen: 'not yet' }
    })
  })

  it('is waited for once where the engine does not begin to tell', async () => {
    const { remote, watch } = watched()
    remote.refusal = { exitCode: 1, words: 'no engine' }
    await watch.begin()
    let start: () => void = () => undefined
    const spawn = remote.spawn.bind(remote)
    remote.spawn = async (...words) => {
      await new Promise<void>((resolve) => (start = resolve))
      return spawn(...words)
    }
    remote.refusal = undefined
    expect(await isTold(watch.begin()), 'a look is not late').to.equal(true)
    await watch.begin()
    start()
    await eventually({ what: 'it listens', withinMs: 5000, everyMs: 5 }, async () =>
      remote.open === 1 ? { ready: true, value: undefined } : { ready: false, seen: 'not yet' },
    )
    expect(remote.dials, 'one at a time').to.equal(2)
  })
})
