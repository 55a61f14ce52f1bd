import { expect } from 'chai'
import { judge, outcomeOf } from '../judged.fake.ts'
import type { Inspected } from './inspected.ts'
import type { Inspecting } from './inspecting.ts'
import { inspectAgrees } from './ovl-06-inspect-agrees.ts'

const sound: Inspected = {
  ...{ node: 'worker1', network: 'swp-clear', listed: { c1: '10.91.1.3' }, takesPart: true },
  ...{ peers: ['192.168.56.12'], members: { '192.168.56.12': 'worker1' } },
  tasks: { c1: { label: 'swp-web@worker1', address: '10.91.1.3' } },
  balancers: [{ name: 'swp-clear-endpoint', address: '10.91.1.9' }],
  ...{ balancerNamespace: 'lb_clearneti', balancerHolds: ['10.91.1.9'] },
}
const task = { label: 'swp-web@worker1', node: 'worker1', networks: ['swp-clear', 'ingress'] }
const look = (change: Partial<Inspected> = {}, more: Partial<Inspecting> = {}): Inspecting => ({
  inspected: [{ ...sound, ...change }],
  services: [{ service: 'swp-web', asked: ['swp-clear'], tasks: [task] }],
  ...{ kernels: { worker1: { got: null } }, ...more },
})
/** As `poll` returns it: the first look, each that differed, and the last. */
const polled = (looks: readonly Inspecting[], failedLooks = 0) => ({
  polled: {
    ...{ seconds: 30, withinSeconds: 30, reached: false, failedLooks, last: looks.at(-1) },
    looks: looks.map((seen, index) => ({ atSeconds: index * 3, seen })),
  },
})
const judged = (...looks: readonly Inspecting[]) => judge(inspectAgrees, polled(looks))
const unlisted = look({ listed: {} })

describe('OVL-06', () => {
  it('passes where engines and the API agree, ingress being no attachment asked for', () => {
    expect(outcomeOf(judged(look()))).to.equal('pass')
  })

  it('names what every look saw, and not what went away', () => {
    expect(judged(unlisted, unlisted).problems).to.deep.equal([
      {
        ...{ code: 'endpoint-not-listed', kind: 'missed', node: 'worker1', network: 'swp-clear' },
        ...{ subject: 'swp-web@worker1', address: '10.91.1.3' },
      },
    ])
    expect(outcomeOf(judged(unlisted, look()))).to.equal('pass')
    const stray = { ...task, networks: ['swp-extra'] }
    const services = [{ service: 'swp-web', asked: ['swp-clear'], tasks: [stray] }]
    expect(judged(look({}, { services })).problems.map(({ code, node }) => [code, node])).to.deep.equal([
      ['attachment-differs', 'worker1'],
    ])
  })

  it('is inconclusive where one look alone succeeded, a kernel was not read, or no task ran', () => {
    const once = judge(inspectAgrees, polled([unlisted], 3))
    expect(once.problems).to.deep.equal([])
    expect(outcomeOf(once)).to.equal('inconclusive')
    const { balancerHolds: _, ...unread } = sound
    const blind = look({}, { inspected: [unread], kernels: { worker1: { threw: 'not read' } } })
    expect(judged(blind).unseen.map(({ nodes }) => nodes)).to.deep.equal([['worker1']])
    expect(outcomeOf(judged(blind))).to.equal('inconclusive')
    expect(outcomeOf(judged(look({ listed: {}, tasks: {} })))).to.equal('inconclusive')
  })
})
