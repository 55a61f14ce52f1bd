import { expect } from 'chai'
import type { ClusterFacts } from '../../lib/observation/facts.ts'
import type { Link } from '../../lib/observe/host-state.ts'
import { judge, outcomeOf } from '../judged.fake.ts'
import { hostState, link, namespace } from '../host-states.fake.ts'
import { threeNodes } from '../three-nodes.fake.ts'
import { subnetHonoured } from './ovl-04-subnet-honoured.ts'

const three = threeNodes()
const requested = Object.fromEntries(
  (['clear', 'secret'] as const).map((role) => {
    const { subnet, gateway } = three.networks[role]
    return [role, { subnet, gateway }]
  }),
)
const facts = threeNodes({ built: { builtAt: '', requested } })
const { clear } = facts.networks

/** Interfaces of all tasks as kernels hold them, those of `web@worker2` as given. */
const kernel = (last?: readonly string[]) =>
  Object.fromEntries(
    facts.nodes.map(({ name }) => {
      const sandboxes = facts.tasks
        .filter(({ node }) => node === name)
        .map(({ id, endpoints }): [string, ReturnType<typeof namespace>] => {
          const { address = '', mac = '' } = endpoints[clear.name] ?? {}
          const addresses = id === 'web-worker2' && last !== undefined ? last : [`${address}/24`]
          const links: Link[] = [link('eth0', 1450, { addresses, mac })]
          return [id, namespace(links)]
        })
      return [name, hostState(name, namespace([]), Object.fromEntries(sandboxes))]
    }),
  )
const judged = (last?: readonly string[], of: ClusterFacts = facts) =>
  judge(subnetHonoured, { kernel: kernel(last) }, of)
const problems = (last: readonly string[]) =>
  judged(last).problems.map(({ code, node, subject, address, observed }) => {
    return { code, node, subject, detail: address ?? observed }
  })
const web = { node: 'worker2', subject: 'swp-web@worker2' }

describe('OVL-04', () => {
  it('passes where all addresses lie inside and the gateway is free', () => {
    const good = judged()
    expect(outcomeOf(good)).to.equal('pass')
    expect(good.conclusion).to.match(/; 12 addresses of tasks and services lie inside/)
  })

  it('takes virtual IPs for what they are where old engines hold them as aliases', () => {
    expect(outcomeOf(judged(['10.91.1.4/24', '10.91.1.2/32']))).to.equal('pass')
    expect(problems(['10.91.1.4/24', '10.91.1.99/32'])).to.deep.equal([
      { ...web, code: 'prefix-length-differs', detail: '10.91.1.99' },
    ])
  })

  it('names addresses that are outside, the gateway’s, of another size or not held', () => {
    expect(problems(['10.91.1.4/24', '198.51.100.7/24'])).to.deep.equal([
      { ...web, code: 'address-outside-subnet', detail: '198.51.100.7' },
    ])
    expect(problems(['10.91.1.4/24', '10.91.1.1/24'])).to.deep.equal([
      { ...web, code: 'gateway-address-used', detail: '10.91.1.1' },
    ])
    expect(problems(['10.91.1.4/16'])).to.deep.equal([
      { ...web, code: 'prefix-length-differs', detail: '10.91.1.4' },
    ])
    expect(problems(['10.91.1.77/24'])).to.deep.equal([
      { ...web, code: 'address-not-held', detail: '10.91.1.4' },
    ])
  })

  it('names a network that has other settings than were asked for', () => {
    const other = { ...requested, clear: { subnet: '10.91.1.0/24', gateway: '10.91.1.254' } }
    const found = judged(undefined, threeNodes({ built: { builtAt: '', requested: other } }))
    expect(found.problems).to.deep.equal([
      {
        ...{ code: 'gateway-differs', kind: 'seen', network: 'swp-clear' },
        ...{ expected: '10.91.1.254', observed: '10.91.1.1' },
      },
    ])
  })

  it('names another subnet, and a task without an address', () => {
    const other = { ...requested, clear: { subnet: '10.91.0.0/16', gateway: '10.91.1.1' } }
    const found = judged(undefined, threeNodes({ built: { builtAt: '', requested: other } }))
    expect(found.problems[0]).to.deep.equal({
      ...{ code: 'subnet-differs', kind: 'seen', network: 'swp-clear' },
      ...{ expected: '10.91.0.0/16', observed: '10.91.1.0/24' },
    })
    const tasks = facts.tasks.map((one) =>
      one.id === 'web-worker2'
        ? { ...one, endpoints: { 'swp-clear': { address: '', mac: '02:42:0a:5b:01:04', prefixLength: 0 } } }
        : one,
    )
    expect(judged(undefined, { ...facts, tasks }).problems).to.deep.equal([
      { ...web, code: 'address-missing', kind: 'missed', network: 'swp-clear' },
    ])
  })

  it('is inconclusive where it is not known what was asked for, or a kernel was not read', () => {
    expect(outcomeOf(judged(undefined, three))).to.equal('inconclusive')
    const { worker2: _, ...others } = kernel()
    const found = judge(subnetHonoured, { kernel: others }, facts)
    expect(found.unseen.map(({ nodes }) => nodes)).to.deep.equal([['worker2']])
    expect(outcomeOf(found)).to.equal('inconclusive')
  })
})
