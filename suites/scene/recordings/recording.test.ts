import { expect } from 'chai'
import type { CapturePoint } from '../../../lib/capture/capture.ts'
import { fakeCapture } from '../../../lib/capture/capture.fake.ts'
import { during } from '../../../lib/capture/during.ts'
import type { Wire } from '../../../lib/conformance/context.ts'
import { missingTool } from '../../../lib/missing-tool.ts'
import { withWires } from './recording.ts'

function refusing(error: Error): Wire {
  return { during: () => Promise.reject(error) }
}

describe('wires beside probes', () => {
  const facts = { nodes: [{ name: 'web1', macs: { eth1: '52:54:00:00:00:01' } }] }
  const of = (wire: Wire) => ({ wire, facts }) as unknown as Parameters<typeof withWires>[0]
  const sound: Wire = {
    during: (all, work) => during(Promise.resolve(all.map((one) => fakeCapture(one))), work),
  }
  const at = (more: object): CapturePoint =>
    ({ host: { name: 'web1' }, interface: 'eth1', ...more }) as CapturePoint

  it('leave what the probes saw to those who do without, and tell which tool is missing', async () => {
    const seen = await withWires(of(refusing(missingTool('tcpdump', 'web2'))), [at({})], {}, (captures) =>
      Promise.resolve({ probes: captures.length }),
    )
    expect(seen.probes).to.equal(0)
    expect(Object.values(seen.wires)[0]).to.have.nested.property('missing.what', 'tcpdump')
  })

  it('pass on every other failure, and what the work itself misses', async () => {
    const failure = (wire: Wire, work: () => Promise<object>): Promise<unknown> =>
      withWires(of(wire), [at({})], {}, work).catch((thrown: unknown) => thrown)
    const broken = await failure(refusing(new Error('no interface eth0')), () => expect.fail('worked'))
    expect(broken).to.have.property('message', 'no interface eth0')
    let times = 0
    const wire: Wire = { during: (_, work) => during(Promise.resolve([]), work) }
    const missing = await failure(wire, () => {
      times += 1
      return Promise.reject(missingTool('ipvsadm', 'web2'))
    })
    expect(missing).to.have.property('message').that.contains('ipvsadm')
    expect(times).to.equal(1)
  })

  it('are told apart by their namespace, in which the node’s own cards are not', async () => {
    const inside = at({ namespace: '/run/docker/netns/abc', mac: '02:42:ac:12:00:03' })
    const unknown = at({ namespace: '/run/docker/netns/def' })
    const { wires } = await withWires(of(sound), [at({}), inside, unknown], {}, () => Promise.resolve({}))
    expect(Object.entries(wires).map(([name, one]) => [name, Object.keys(one)[0]])).to.deep.equal([
      ['web1 eth1', 'got'],
      ['web1 eth1 in abc', 'got'],
      ['web1 eth1 in def', 'threw'],
    ])
  })

  it('are refused where two would have one name, for one of them would be lost', async () => {
    const inside = at({ namespace: '/proc/17/ns/net' })
    const other = at({ namespace: '/proc/18/ns/net' })
    const error = await withWires(of(sound), [inside, other], {}, () => Promise.resolve({})).catch(
      (thrown: unknown) => thrown,
    )
    expect(String(error)).to.include('two captures would have one name')
  })

  it('say what is missing where hosts lack the tools, and the probes are sent all the same', async () => {
    const seen = await withWires(of(refusing(missingTool('tcpdump', 'web1'))), [at({})], {}, (captures) =>
      Promise.resolve({ probes: captures.length }),
    )
    expect(seen.probes).to.equal(0)
    expect(seen.wires['web1']).to.have.nested.property('missing.what', 'tcpdump')
  })
})
