import { expect } from 'chai'
import { describeProblem } from '../../lib/observation/describe-problem.ts'
import { node } from '../three-nodes.fake.ts'
import { failedUdpProbes } from './udp-probes.ts'

/** As engines write it: memberlist's own line, through logrus. */
const line = (time: string, peer: string): string =>
  `time="${time}" level=warning msg="memberlist: Was able to connect to ${peer} over TCP but UDP probes failed, network may be misconfigured"`

const nodes = [node('manager', 11), { ...node('worker1', 12), nodeId: 'x9k2worker1' }]
/** The recording begins at 07:02:00. */
const [before, after] = ['2026-11-28T06:59:00.5Z', '2026-11-28T07:01:50.5Z']

describe('UDP probes that failed by an engine’s own log', () => {
  const told = (lines: readonly string[]): string[] =>
    failedUdpProbes(new Map([['manager', lines]]), { nodes }, '2026-11-28T07:02:00Z').map(describeProblem)

  it('are told with the peer, from three times on', () => {
    const peer = line(after, 'worker1-3f2a1b')
    expect(told([peer, peer])).to.deep.equal([])
    expect(told([peer, peer, peer])).to.deep.equal([
      'manager → worker1, port 7946 UDP: the engine of manager says 3 times that UDP probes of worker1 failed while TCP reached it',
    ])
  })

  it('are told of the node whose address the peer’s id joined with', () => {
    // Of engine 26.1, which calls peers by an id alone.
    const joined =
      'time="2026-11-28T04:03:52Z" level=info msg="Node 1e79b33b8e88/192.168.56.12, joined gossip cluster"'
    const said = line(after, '1e79b33b8e88')
    expect(told([joined, said, said, said])[0]).to.match(/^manager → worker1/)
  })

  it('that ended are told if the peer was given up, and not if it is well', () => {
    const peer = line('2026-11-28T07:01:05Z', '9e8178abb147')
    // As engines 26.1 log it.
    const markedFailed =
      'time="2026-11-28T07:01:11.5Z" level=info msg="memberlist: Marking 9e8178abb147 as failed, suspect timeout reached (0 peer confirmations)"'
    const left =
      'time="2026-11-28T07:01:11.6Z" level=info msg="Node 9e8178abb147/192.168.56.12, left gossip cluster"'
    expect(told([peer, peer, peer])).to.deep.equal([])
    expect(told([peer, peer, peer, markedFailed])).to.have.lengthOf(1)
    expect(told([peer, peer, peer, left])).to.have.lengthOf(1)
  })

  it('of before the peer joined again are not', () => {
    // As worker2 of a lab said it, which had joined with an address that nobody reached, and then with the right one.
    const joinedAt = (time: string): string =>
      `time="${time}" level=info msg="Node 9e8178abb147/192.168.56.11, joined gossip cluster"`
    const said = (time: string): string => line(time, '9e8178abb147')
    const times = ['2026-11-28T07:01:40.5Z', '2026-11-28T07:01:42.5Z', '2026-11-28T07:01:44.5Z']
    const first = joinedAt('2026-11-28T07:00:50Z')
    expect(told([first, ...times.map(said)])).to.have.lengthOf(1)
    expect(told([first, ...times.map(said), joinedAt('2026-11-28T07:01:45Z')])).to.deep.equal([])
  })

  it('of before, and other lines, are not', () => {
    const old = line(before, 'worker1-3f2a1b')
    expect(told([old, old, old, 'memberlist: Suspect worker1 has failed, no acks received'])).to.deep.equal(
      [],
    )
  })
})
