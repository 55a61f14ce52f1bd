import { expect } from 'chai'
import { FakeRemote } from '../remote/fake-remote.ts'
import { noCalls } from '../remote/remote-calls.ts'
import { callsOfHosts } from './calls-of-hosts.ts'

describe('calls of hosts', () => {
  it('are counted by host, once each, also where a lab was raised again', () => {
    const counting = (name: string) => ({
      name,
      remote: Object.assign(new FakeRemote(name), { calls: noCalls() }),
    })
    const [first, again, other] = [counting('a'), counting('a'), counting('b')]
    const uncounted = { name: 'c', remote: new FakeRemote('c') }
    first.remote.calls.commands = 2
    again.remote.calls.commands = 3
    again.remote.calls.engineRequests = 5
    const all = [first, again, other, uncounted]
    expect(callsOfHosts(all)).to.deep.equal({
      a: { commands: 5, processes: 0, files: 0, engineRequests: 5 },
      b: noCalls(),
    })
    again.remote.calls.files += 1
    expect(callsOfHosts(all)['a'], 'since it was asked before').to.deep.equal({ ...noCalls(), files: 1 })
    other.remote.calls.files += 2
    const earlier = { b: { ...noCalls(), files: 4 }, gone: noCalls() }
    const sums = callsOfHosts(all, earlier)
    expect(sums['b'], 'on top of what was counted already').to.deep.equal({ ...noCalls(), files: 6 })
    expect(sums).to.have.keys('a', 'b', 'gone')
    expect(earlier.b.files).to.equal(4)
  })
})
