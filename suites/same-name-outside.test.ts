import { expect } from 'chai'
import type { RunRecord } from '../lib/conformance/run-record.ts'
import type { Problem } from '../lib/observation/problem.ts'
import type { Finding } from '../lib/observation/finding.ts'
import { causesOf, explainAltered } from './golden/altered-case.fake.ts'
import { findingsWhereSeen } from './stored/findings-where.fake.ts'

/** Of a run whose outsider knew none of the swarm’s networks. */
const run = 'disruptive'
const open = 'swp-ovl16-open'

interface Seen {
  readonly swarmState: string
  readonly outside: {
    readonly networks: readonly string[]
    readonly listed?: readonly { readonly name: string; readonly driver: string; readonly scope: string }[]
  }
}

const codes = ['outsider-knows-network', 'outsider-shown-network', 'outsider-joined-network'] as const

const failing = (record: RunRecord): RunRecord => ({
  ...record,
  requirements: record.requirements.map((one) =>
    one.id !== 'OVL-16' || one.verdict === undefined
      ? one
      : {
          ...one,
          verdict: {
            ...one.verdict,
            outcome: 'fail',
            problems: codes.map((code): Problem => ({ code, kind: 'seen', node: 'stranger', network: open })),
          },
        },
  ),
})

/** Where the outsider had listed more, and said this of swarms. */
async function found(more: Partial<Seen['outside']>, swarmState = 'inactive'): Promise<readonly Finding[]> {
  const all = await findingsWhereSeen(
    run,
    (key, seen) => {
      if (key !== 'OVL-16') return seen
      const { outside, ...rest } = seen as Seen
      return { ...rest, swarmState, outside: { ...outside, ...more } }
    },
    failing,
  )
  return all.filter(({ code }) => code === 'same-name-outside')
}

describe('a network outside the swarm with the name of an overlay', () => {
  const networks = ['bridge', 'host', 'none', open]

  it('is the one cause where it was made', () => {
    expect(causesOf(explainAltered('outsider-has-network'))).to.deep.equal([
      ['same-name-outside', ['stranger']],
    ])
  })

  it('is named with its host and the name', async () => {
    const [one, ...others] = await found({ networks })
    expect(others).to.deep.equal([])
    expect(one).to.deep.include({
      title: `stranger is in no swarm and has a network of its own with the name ${open}`,
      severity: 'cause',
      nodes: ['stranger'],
      networks: [open],
      explains: ['OVL-16'],
    })
  })

  it('is told with its driver and scope where these were kept', async () => {
    const [one] = await found({ networks, listed: [{ name: open, driver: 'bridge', scope: 'local' }] })
    expect(one?.proof).to.deep.equal([
      `stranger, swarm inactive: docker network ls has ${open} (bridge, local)`,
    ])
  })

  it('is none of a swarm’s own that was left, none that is not listed, and none of a host in a swarm', async () => {
    const left = [{ name: open, driver: 'overlay', scope: 'swarm' }]
    expect(await found({ networks, listed: left })).to.deep.equal([])
    expect(await found({})).to.deep.equal([])
    expect(await found({ networks }, 'active')).to.deep.equal([])
  })
})
