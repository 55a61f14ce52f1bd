import { expect } from 'chai'
import type { Observation, Probe, ProbeOutcome, ProbeRequest } from './probe.ts'
import { sparingProbe, type Ways } from './sparing-probe.ts'

const request = (to: string, timeoutMs?: number, host = 'a'): ProbeRequest =>
  ({
    ...{
      kind: 'udp',
      from: { host: { name: host } },
      to,
      port: 7,
      payload: Buffer.alloc(0),
      expectReply: true,
    },
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  }) as unknown as ProbeRequest

describe('a probe that spares silent ways', () => {
  let waited: (number | undefined)[]
  const sending = (outcomeOf: (to: string) => ProbeOutcome): Probe => ({
    send: async (requests) => {
      waited = requests.map(({ timeoutMs }) => timeoutMs)
      return requests.map(
        (one) =>
          ({
            request: one,
            outcome: outcomeOf(one.to),
            attempts: [{ outcome: outcomeOf(one.to) }],
          }) as unknown as Observation,
      )
    },
  })
  // 10.0.NODE.x is a task, 10.1.0.1 a virtual IP with tasks on nodes 1 and 2.
  const waysOf = ({ from, to }: ProbeRequest): Ways => {
    const node = /^10\.0\.(\d)\./.exec(to)?.[1]
    const nodes =
      to === '10.1.0.1' ? ['1', '2'] : to === '10.1.0.2' ? ['1'] : node === undefined ? [] : [node]
    return { direct: node !== undefined, ways: nodes.map((one) => `${from.host.name} clear ${one}`) }
  }

  it('waits as long as asked until a way was silent twice, then two seconds, for every address of the way', async () => {
    const probe = sparingProbe(
      sending(() => 'timeout'),
      waysOf,
    )
    await probe.send([request('10.0.1.5'), request('10.0.1.6', 15_000)])
    expect(waited).to.deep.equal([undefined, 15_000])
    const [observed] = await probe.send([
      request('10.0.1.7', 15_000),
      request('10.0.1.5', 1500),
      request('10.0.2.5', 15_000),
      request('10.0.1.5', 15_000, 'b'),
    ])
    expect(waited).to.deep.equal([2000, 1500, 15_000, 15_000])
    expect(observed?.request.timeoutMs).to.equal(15_000)
  })

  it('asks two echoes of a way first where many probes are to follow, and gives back all in their order', async () => {
    const batches: number[] = []
    const inner = sending(() => 'timeout')
    const probe = sparingProbe(
      {
        send: (requests, options) => {
          batches.push(requests.length)
          return inner.send(requests, options)
        },
      },
      waysOf,
    )
    const echo = { ...request('10.0.1.5'), kind: 'icmp' } as ProbeRequest
    const plan = [...Array.from({ length: 6 }, () => request('10.0.1.6', 15_000)), echo, echo, echo]
    const seen = await probe.send(plan)
    expect(batches).to.deep.equal([2, 7])
    expect(waited).to.deep.equal([...Array.from({ length: 6 }, () => 2000), 2000])
    expect(seen.map((one) => one.request)).to.deep.equal(plan)
  })

  it('waits ten times as long as answers take where that is less: 0.6 s at least, 1.1 s for what is balanced', async () => {
    const waits: (readonly [string, number | undefined])[] = []
    const probe = sparingProbe(
      {
        send: async (requests) =>
          requests.map((one) => {
            waits.push([one.to, one.timeoutMs])
            const outcome = one.to.startsWith('10.0.1.') ? 'timeout' : 'answered'
            const elapsedMs = one.to === '10.0.2.9' ? 140 : 3
            return {
              ...{ request: one, outcome, attempts: [{ outcome, elapsedMs }] },
            } as unknown as Observation
          }),
      },
      waysOf,
    )
    const times = (count: number, to: string): ProbeRequest[] =>
      Array.from({ length: count }, () => request(to))
    const waitsFor = async (to: string): Promise<number | undefined> => {
      await probe.send([request(to, 15_000)])
      return waits.at(-1)?.[1]
    }
    await probe.send(times(2, '10.0.1.5'))
    await probe.send(times(7, '10.0.2.5'))
    expect(await waitsFor('10.0.1.5')).to.equal(2000)
    await probe.send(times(1, '10.0.2.5'))
    expect(await waitsFor('10.0.1.5')).to.equal(600)
    await probe.send(times(10, '10.0.2.9'))
    expect(await waitsFor('10.0.1.5')).to.be.within(750, 850)
    expect(await waitsFor('10.1.0.1')).to.equal(2000)
  })

  it('never spares a way that answered once', async () => {
    const probe = sparingProbe(
      sending((to) => (to.endsWith('.5') ? 'answered' : 'timeout')),
      waysOf,
    )
    await probe.send([request('10.0.1.5'), request('10.0.1.6'), request('10.0.1.7'), request('10.0.1.8')])
    await probe.send([request('10.0.1.6', 15_000)])
    expect(waited).to.deep.equal([15_000])
  })

  it('knows an address of no way by itself and its port', async () => {
    const probe = sparingProbe(
      sending(() => 'timeout'),
      waysOf,
    )
    await probe.send([request('192.0.2.1'), request('192.0.2.1')])
    await probe.send([request('192.0.2.1', 9000), request('192.0.2.2', 9000)])
    expect(waited).to.deep.equal([2000, 9000])
  })

  it('asks echoes that were cut short again, with all their time, when their way turns out to answer', async () => {
    const inner = sending((to) => (to === '10.0.1.6' ? 'answered' : 'timeout'))
    const batches: (readonly (number | undefined)[])[] = []
    const probe = sparingProbe(
      {
        send: async (requests, options) => {
          const seen = await inner.send(requests, options)
          batches.push(waited)
          return seen
        },
      },
      waysOf,
    )
    const echo = { ...request('10.0.1.5'), kind: 'icmp' } as ProbeRequest
    const seen = await probe.send([
      echo,
      { ...echo },
      ...Array.from({ length: 6 }, () => request('10.0.1.6')),
    ])
    expect(batches).to.deep.equal([
      [1500, 1500],
      [2000, 2000, 2000, 2000, 2000, 2000],
      [undefined, undefined],
    ])
    expect(seen.map(({ outcome }) => outcome)).to.deep.equal([
      ...['timeout', 'timeout'],
      ...Array.from({ length: 6 }, () => 'answered'),
    ])
  })

  it('asks again also where attempts that were cut short come behind one that was refused', async () => {
    const outcomes = new Map<string, ProbeOutcome[]>([
      ['10.0.1.5', ['timeout', 'timeout']],
      ['10.0.1.6', ['refused', 'timeout']],
      ['10.0.1.7', ['connected']],
    ])
    const waits: (readonly [string, number | undefined])[] = []
    const probe = sparingProbe(
      {
        send: async (requests) =>
          requests.map((one) => {
            waits.push([one.to, one.timeoutMs])
            const attempts = (outcomes.get(one.to) ?? []).map((outcome) => ({ outcome }))
            return { request: one, outcome: attempts[0]?.outcome, attempts } as unknown as Observation
          }),
      },
      waysOf,
    )
    await probe.send([request('10.0.1.5')])
    await probe.send([request('10.0.1.6'), request('10.0.1.7')])
    expect(waits.slice(1)).to.deep.equal([
      ['10.0.1.6', 2000],
      ['10.0.1.7', 2000],
      ['10.0.1.6', undefined],
    ])
  })

  describe('where a datagram gets lost', () => {
    const datagram = (to: string, timeoutMs?: number): ProbeRequest => {
      const { timeoutMs: _, ...rest } = request(to)
      return { ...rest, ...(timeoutMs === undefined ? {} : { timeoutMs }) }
    }
    /** What each address does, datagram by datagram; the last goes on. */
    const losing = (
      ends: Readonly<Record<string, ProbeOutcome[]>>,
    ): { probe: Probe; batches: string[][] } => {
      const batches: string[][] = []
      const inner: Probe = {
        send: async (requests) => {
          batches.push(requests.map(({ to }) => to))
          return requests.map((one) => {
            const all = ends[one.to] ?? ['answered']
            const outcome = all.length > 1 ? all.shift() : all[0]
            return { request: one, outcome, attempts: [{ outcome, elapsedMs: 3 }] } as unknown as Observation
          })
        },
      }
      return { probe: sparingProbe(inner, waysOf), batches }
    }

    it('sends it once more, alone, and says so', async () => {
      const { probe, batches } = losing({ '10.0.1.6': ['timeout', 'answered'] })
      const seen = await probe.send([datagram('10.0.1.5'), datagram('10.0.1.6')])
      expect(batches).to.deep.equal([['10.0.1.5', '10.0.1.6'], ['10.0.1.6']])
      expect(seen.map(({ outcome, unanswered }) => [outcome, unanswered])).to.deep.equal([
        ['answered', undefined],
        ['answered', 1],
      ])
    })

    it('sends it no third time', async () => {
      const { probe, batches } = losing({ '10.0.1.6': ['timeout'] })
      const seen = await probe.send([datagram('10.0.1.5'), datagram('10.0.1.6')])
      expect(batches).to.have.lengthOf(2)
      expect(seen[1]).to.deep.include({ outcome: 'timeout', unanswered: 2 })
    })

    it('does not where silence is expected, for a time of its own, nor on a way that answers nothing', async () => {
      const { probe, batches } = losing({ '10.0.1.6': ['timeout'], '10.0.2.5': ['timeout'] })
      await probe.send([datagram('10.0.1.5'), datagram('10.0.1.6', 1500), datagram('10.0.2.5')])
      expect(batches).to.have.lengthOf(1)
    })
  })

  it('spares what a balancer may send a silent way, and learns no way from it', async () => {
    const probe = sparingProbe(
      sending((to) => (to.startsWith('10.0.2.') ? 'answered' : 'timeout')),
      waysOf,
    )
    await probe.send([request('10.1.0.1', 9000), request('10.1.0.1', 9000, 'b')])
    expect(waited).to.deep.equal([9000, 9000])
    await probe.send([request('10.0.1.5'), request('10.0.1.5'), request('10.0.2.5')])
    await probe.send([request('10.1.0.1', 9000), request('10.0.2.5', 9000), request('10.1.0.1', 9000, 'b')])
    expect(waited).to.deep.equal([2000, 9000, 9000])
  })

  it('takes no answer of what is balanced for one of the way it may have gone', async () => {
    const probe = sparingProbe(
      sending((to) => (to.startsWith('10.1.') ? 'answered' : 'timeout')),
      waysOf,
    )
    await probe.send([request('10.0.1.5'), request('10.0.1.5'), request('10.1.0.2')])
    await probe.send([request('10.0.1.5', 9000)])
    expect(waited).to.deep.equal([2000])
  })
})
