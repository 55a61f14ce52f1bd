import { expect } from 'chai'
import { ofOthers, subjects } from './engine-log.ts'

/** As `grep -E` takes the lines. */
const kept = (line: string): boolean => new RegExp(subjects).test(line) && !new RegExp(ofOthers).test(line)

describe('lines of the engine’s log', () => {
  it('are kept where memberlist says that UDP does not get through', () => {
    // Of engine 26.1, with 7946/udp dropped at the other node.
    expect(
      kept(
        'time="2026-11-28T08:47:01.588272999Z" level=warning msg="memberlist: Was able to connect to 1e79b33b8e88 over TCP but UDP probes failed, network may be misconfigured"',
      ),
    ).to.equal(true)
  })

  it('are kept where they tell with which id a node joined', () => {
    expect(
      kept(
        'time="2026-11-28T04:03:52.630230091Z" level=info msg="Node 1e79b33b8e88/192.168.56.13, joined gossip cluster"',
      ),
    ).to.equal(true)
  })

  it('are left out where they quote what is somebody’s', () => {
    for (const line of [
      'level=error msg="fatal task error" error="starting container failed: overlay network"',
      'level=warning msg="config app-settings of ingress"',
      'level=debug msg="overlay network, secret db-password"',
    ])
      expect(kept(line), line).to.equal(false)
  })
})
