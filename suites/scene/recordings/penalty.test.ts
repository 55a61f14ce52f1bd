import { expect } from 'chai'
import type { ObserveContext } from '../../../lib/conformance/context.ts'
import type { Attempt, Observation, ProbeRequest } from '../../../lib/probe/probe.ts'
import { type Direction, directionsOf, measurePenalty } from './penalty.ts'

const body = Buffer.alloc(1000, 'x')
const reply = Buffer.concat([Buffer.from('HTTP/1.0 200 OK\r\n\r\n'), body])

/** Two nodes with a task on both networks each. `loses` says which requests get no answer, counted from 0. */
function context(loses: (index: number, request: ProbeRequest) => boolean): ObserveContext {
  const nodes = ['a', 'b'].map((name) => ({ host: { name } }))
  const tasks = nodes.map((node, index) => ({
    ...{ service: 'web', node, pid: index },
    endpoints: { clear: { address: `10.1.0.${index}` }, secret: { address: `10.2.0.${index}` } },
  }))
  const probe = {
    send: (requests: readonly ProbeRequest[]) =>
      Promise.resolve(
        requests.map((request, index) =>
          // Two are the question whether a network is silent.
          observation(request, requests.length > 2 && loses(index, request)),
        ),
      ),
  }
  return {
    cluster: { nodes },
    stack: {
      ...{ tasks, bulkBytes: body.length, probeTask: { nonce: 'n0nce' } },
      networks: { clear: { name: 'clear' }, secret: { name: 'secret' } },
    },
    probe,
  } as unknown as ObserveContext
}

/** As agents tell it; of a request that is lost the second attempt is, where there is one. */
function observation(request: ProbeRequest, lost: boolean): Observation {
  const count = request.kind === 'tcp' ? (request.repeat ?? 1) : 1
  const isLost = (index: number): boolean => lost && index === Math.min(1, count - 1)
  const attempts = Array.from({ length: count }, (_, index): Attempt => ({
    outcome: isLost(index) ? 'timeout' : 'answered',
    ...{ startedMs: index, elapsedMs: 10, source: { address: '10.0.0.1', port: 40_000 + index } },
  }))
  return {
    request,
    outcome: lost ? 'timeout' : 'answered',
    elapsedMs: 10 * count,
    attempts,
    replies: attempts.map((_, index) => (isLost(index) ? Buffer.alloc(0) : reply)),
    replyBytes: attempts.map((_, index) => (isLost(index) ? 0 : reply.length)),
  }
}

/** Of each sample: the download and four echoes, of the clear network, then of the other. */
const downloadOf = (sample: number): number => 10 * sample + 5

const measured = async (loses: Parameters<typeof context>[0]): Promise<Direction[]> =>
  directionsOf(await measurePenalty(context(loses)), body.length)

describe('the penalty of encryption', () => {
  it('is measured by five samples of each direction where nothing is lost', async () => {
    const directions = await measured(() => false)
    expect(directions.map(({ enough }) => enough)).to.deep.equal([true, true])
    expect(directions.map(({ from, to, samples, lost }) => [from, to, samples.length, lost])).to.deep.equal([
      ['a', 'b', 5, []],
      ['b', 'a', 5, []],
    ])
    expect(directions[0]?.samples[0]?.secret.echoMs).to.deep.equal([10, 10, 10, 10])
  })

  it('leaves out a sample in which a transfer was lost, and tells it with its time and port', async () => {
    const directions = await measured((index) => index === downloadOf(2))
    expect(directions.map(({ enough }) => enough)).to.deep.equal([true, true])
    expect(directions[0]?.samples).to.have.lengthOf(4)
    expect(directions[0]?.lost).to.deep.equal([
      {
        ...{ sample: 3, role: 'secret', kind: 'tcp', outcome: 'timeout', bodyBytes: 0 },
        ...{ startedMs: 1, elapsedMs: 10, port: 40_001 },
      },
    ])
  })

  it('cannot be told where fewer than three samples are whole, and says which network and way', async () => {
    const echoes = (index: number, { kind }: ProbeRequest): boolean => kind === 'icmp' && index < 30
    const directions = await measured(echoes)
    expect(directions.map(({ enough }) => enough)).to.deep.equal([false, false])
    expect(directions[1]?.lost.map(({ role, kind, outcome }) => `${role} ${kind} ${outcome}`)).to.include(
      'secret icmp timeout',
    )
  })
})
