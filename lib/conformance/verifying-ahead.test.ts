import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'chai'
import { exampleRequirement } from './requirement.fake.ts'
import type { ConformanceTest } from './test.ts'
import { VerifyingAhead, type VerifyingAheadOptions } from './verifying-ahead.ts'

const made = (id: string, given: Partial<ConformanceTest> = {}): ConformanceTest =>
  exampleRequirement({ id, ...given })
const looking = ['AAA-01', 'AAA-02'].map((id) => made(id))
const creating = ['BBB-01', 'BBB-02', 'BBB-03'].map((id) => made(id, { changes: ['service'], ownTasks: 2 }))

describe('VerifyingAhead', () => {
  let log: string[]
  let most: number
  beforeEach(() => {
    log = []
    most = 0
  })

  const verifying = (
    waves: readonly (readonly ConformanceTest[])[],
    {
      bounds = { requirements: 4, tasks: 12 },
      fails = '',
      onEnd = undefined as ((id: string) => void) | undefined,
      underWay = [] as string[],
      pace = undefined as VerifyingAheadOptions<string>['pace'],
    } = {},
  ) => {
    let now = 0
    return new VerifyingAhead<string>({
      waves,
      bounds,
      ...(pace === undefined ? {} : { pace }),
      onUnderWay: (tests) => void underWay.push(tests.map(({ id }) => id).join(' ')),
      async verify({ id }) {
        now += 1
        most = Math.max(most, now)
        log.push(`${id} begins`)
        await delay(5)
        now -= 1
        log.push(`${id} ends`)
        onEnd?.(id)
        if (id === fails) throw new Error(id)
        return id
      },
    })
  }

  it('begins with the first question, and then verifies side by side what may overlap', async () => {
    const ahead = verifying([creating])
    await delay(1)
    expect(log).to.deep.equal([])
    expect(await ahead.of(must(creating[2]))).to.equal('BBB-03')
    await ahead.ended()
    expect(most).to.equal(3)
    expect(await Promise.all(creating.map((test) => ahead.of(test)))).to.deep.equal(
      creating.map(({ id }) => id),
    )
    expect(log).to.have.lengthOf(6)
  })

  it('keeps the order of what may not overlap, and begins no wave before the last has ended', async () => {
    const ahead = verifying([looking, creating])
    await ahead.of(must(creating[0]))
    expect(log.slice(0, 5)).to.deep.equal([
      'AAA-01 begins',
      'AAA-01 ends',
      'AAA-02 begins',
      'AAA-02 ends',
      'BBB-01 begins',
    ])
  })

  it('verifies no more at once than its bounds allow, and alone what is beyond them', async () => {
    for (const [bounds, expected] of [
      [{ requirements: 2, tasks: 12 }, 2],
      [{ requirements: 4, tasks: 4 }, 2],
      [{ requirements: 4, tasks: 1 }, 1],
    ] as const) {
      most = 0
      const ahead = verifying([creating], { bounds })
      await Promise.all(creating.map((test) => ahead.of(test)))
      expect(most).to.equal(expected)
    }
  })

  it('says what is under way', async () => {
    const underWay: string[] = []
    const ahead = verifying([creating.slice(0, 2), looking.slice(0, 1)], { underWay })
    await ahead.of(must(looking[0]))
    await ahead.ended()
    expect(underWay).to.deep.equal(['BBB-01 BBB-02', 'BBB-02', '', 'AAA-01', ''])
  })

  it('begins no more once stopped: what was not begun is undefined, what was comes to its end', async () => {
    const ahead = verifying([looking, creating], { onEnd: (id) => void (id === 'AAA-01' && ahead.stop()) })
    const results = await Promise.all([...looking, ...creating].map((test) => ahead.of(test)))
    expect(results).to.deep.equal(['AAA-01', undefined, undefined, undefined, undefined])
    await ahead.ended()
    expect(log).to.deep.equal(['AAA-01 begins', 'AAA-01 ends'])
  })

  it('begins no more where one throws, and says so to whoever asked for it alone', async () => {
    const ahead = verifying([creating, looking], { fails: 'BBB-01' })
    const settled = await Promise.allSettled([...creating, ...looking].map((test) => ahead.of(test)))
    expect(settled.map((one) => (one.status === 'fulfilled' ? one.value : 'thrown'))).to.deep.equal([
      'thrown',
      'BBB-02',
      'BBB-03',
      undefined,
      undefined,
    ])
  })

  it('begins nothing before its pace lets it, and on starved hosts one at a time', async () => {
    const pace = {
      oneAtATime: false,
      before: (underWay: readonly unknown[]): Promise<void> | undefined => {
        if (underWay.length > 0) return undefined
        log.push('looks')
        return delay(5).then(() => void (pace.oneAtATime = true))
      },
    }
    const ahead = verifying([creating], { pace })
    await Promise.all(creating.map((test) => ahead.of(test)))
    await ahead.ended()
    expect(most).to.equal(1)
    expect(log).to.deep.equal(creating.flatMap(({ id }) => ['looks', `${id} begins`, `${id} ends`]))
  })

  it('begins nothing that was waited for once it was stopped', async () => {
    const before = (): Promise<void> => delay(5)
    const ahead = verifying([creating], { pace: { oneAtATime: false, before } })
    const asked = ahead.of(must(creating[0]))
    ahead.stop()
    expect(await asked).to.equal(undefined)
    await delay(10)
    expect(log).to.deep.equal([])
  })

  it('ends no process for what nobody asked for', async () => {
    const unhandled: unknown[] = []
    const listen = (reason: unknown): void => void unhandled.push(reason)
    process.on('unhandledRejection', listen)
    try {
      const ahead = verifying([creating], { fails: 'BBB-02' })
      await ahead.of(must(creating[0]))
      await ahead.ended()
      await delay(5)
    } finally {
      process.off('unhandledRejection', listen)
    }
    expect(unhandled).to.deep.equal([])
  })
})

function must<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('there is none')
  return value
}
