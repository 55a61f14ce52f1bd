import { expect } from 'chai'
import type { Frame, WireSeen } from '../../lib/observation/frame.ts'
import type { Reached } from '../../lib/observation/how-far.ts'
import type { Part } from '../../lib/observation/part.ts'
import { judge } from '../judged.fake.ts'
import { storedObservations } from '../stored/stored-run.ts'
import { fullMesh } from './ovl-03-full-mesh.ts'

type Ends = Record<string, Partial<Record<Reached | 'unknown', number>>>

/** How many probes between nodes were seen last where, by the pair of nodes. */
function ends(run: string, recorded: (frame: Frame, node: string) => boolean = () => true): Ends {
  const { facts, seen } = storedObservations(run, [fullMesh])
  const observed = structuredClone(seen[fullMesh.id]) as {
    exchange: { wires: Record<string, Part<{ -readonly [K in keyof WireSeen]: WireSeen[K] }>> }
  }
  for (const wire of Object.values(observed.exchange.wires))
    if ('got' in wire) wire.got.frames = wire.got.frames.filter((frame) => recorded(frame, wire.got.node))
  const found: Ends = {}
  for (const { path, reached = 'unknown', network } of judge(fullMesh, observed, facts).problems) {
    if (network !== facts.networks.clear.name || path === undefined) continue
    const pair = (found[`${path.from} → ${path.to}`] ??= {})
    pair[reached] = (pair[reached] ?? 0) + 1
  }
  return found
}

describe('how far a probe came that was not delivered', () => {
  it('is to the node that drops it as it arrives, and so is the answer to its own', () => {
    expect(ends('traffic-control-drops')).to.deep.equal({
      'manager → worker1': { receiver: 18 },
      'worker1 → manager': { returned: 18 },
      'worker1 → worker2': { returned: 6 },
      'worker2 → worker1': { receiver: 6 },
    })
    expect(ends('ipsec-policy-blocks')).to.deep.equal({
      'worker1 → worker2': { returned: 6 },
      'worker2 → worker1': { receiver: 6 },
    })
  })

  it('is to the others where they refuse what one node sends', () => {
    expect(ends('narrower-prefix')).to.deep.equal({
      'manager → worker2': { returned: 18 },
      'worker1 → worker2': { returned: 9 },
      'worker2 → manager': { receiver: 18 },
      'worker2 → worker1': { receiver: 9 },
    })
  })

  it('is nowhere where the sender has no address to send to', () => {
    expect(ends('reverse-path-filter')).to.deep.equal({
      'worker1 → worker2': { sender: 6 },
      'worker2 → worker1': { sender: 6 },
    })
  })

  it('is to the wire where it is lost between the nodes, and so is the answer', () => {
    const lost = ends('traffic-control-drops', ({ egress }, node) => egress || node !== 'worker1')
    expect(lost['manager → worker1']).to.deep.equal({ wire: 18 })
    expect(lost['worker1 → manager']).to.deep.equal({ 'way-back': 18 })
  })
})
