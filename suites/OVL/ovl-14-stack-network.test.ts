import { expect } from 'chai'
import type { ServiceFacts } from '../../lib/observation/facts.ts'
import { judge, outcomeOf } from '../judged.fake.ts'
import { asked, threeNodes } from '../three-nodes.fake.ts'
import { stackNetwork } from './ovl-14-stack-network.ts'
import { on, probe } from './reshaped.fake.ts'

const three = threeNodes()
const { shop } = three.networks
const vips = { front: '10.0.3.2', back: '10.0.3.3' }
const service = (name: 'front' | 'back'): ServiceFacts => ({
  ...{ id: `service-${name}`, name: `swp-shop_${name}`, endpointMode: 'vip', published: [] },
  vips: { [shop.id]: vips[name] },
})
const member = (name: string, home: string, last: number) => ({
  ...on(home, { [shop.name]: `10.0.3.${last}` }, name),
  service: `swp-shop_${name}`,
})
const tasks = [
  ...['manager', 'worker1', 'worker2'].map((home, index) => member('front', home, 10 + index)),
  member('back', 'manager', 20),
]
const services = { ...three.services, front: service('front'), back: service('back') }
const facts = threeNodes({ services, tasks })

type Change = (what: string, label: string, name: string) => object
const looks = (change: Change = () => ({})) =>
  tasks.flatMap((task) =>
    (['front', 'back'] as const).flatMap((name) => {
      const label = `${task.service}@${task.node}`
      const of = { name, service: `swp-shop_${name}` }
      return [
        { what: 'name', ...of, probe: asked(label, [vips[name]]), ...change('name', label, name) },
        {
          ...{ what: 'http', ...of, probe: probe(label, vips[name], `${name}-manager`) },
          ...change('http', label, name),
        },
      ]
    }),
  )
const only =
  (wanted: string, one: object): Change =>
  (what, label, name) =>
    what === wanted && label === 'swp-shop_front@worker1' && name === 'back' ? { probe: one } : {}
const front = 'swp-shop_front@worker1'

describe('judging the network of a stack', () => {
  it('passes when every task finds both services and is answered by theirs', () => {
    const judged = judge(stackNetwork, { looks: looks() }, facts)
    expect(outcomeOf(judged)).to.equal('pass')
    expect(judged.conclusion).to.equal(
      '4 tasks on 3 nodes share swp-shop; each finds front and back at their virtual IPs, and tasks of these answer there',
    )
  })

  it('fails for a name that is not answered, refused or leads elsewhere', () => {
    const of = (one: object) => judge(stackNetwork, { looks: looks(only('name', one)) }, facts).problems
    expect(of(asked(front))[0]).to.deep.include({
      ...{ code: 'name-not-answered', kind: 'missed', node: 'worker1', network: 'swp-shop' },
      ...{ ends: { from: front, to: 'back' }, service: 'swp-shop_back' },
    })
    expect(of(asked(front, [], 'NXDOMAIN')).map(({ code }) => code)).to.deep.equal(['name-refused'])
    expect(of(asked(front, ['10.0.3.20'])).map(({ code }) => code)).to.deep.equal([
      'virtual-ip-not-resolved',
      'virtual-ip-not-alone',
    ])
    expect(of(asked(front, ['10.0.3.3', '10.0.3.3'])).map(({ code }) => code)).to.deep.equal([
      'name-lists-twice',
    ])
  })

  it('fails for a virtual IP that is silent or answered by a task of another service', () => {
    const of = (body: string) =>
      judge(stackNetwork, { looks: looks(only('http', probe(front, vips.back, body))) }, facts).problems
    const where = { node: 'worker1', network: 'swp-shop', service: 'swp-shop_back', address: '10.0.3.3' }
    expect(of('')[0]).to.include({ ...where, code: 'virtual-ip-silent', kind: 'missed' })
    expect(of('front-worker2')).to.have.lengthOf(1)
    expect(of('front-worker2')[0]).to.include({
      ...{ ...where, code: 'answered-by-another', kind: 'seen' },
      ...{ expected: 'swp-shop_back', observed: 'front-worker2' },
    })
  })

  it('fails for a task of the stack that is not on its network', () => {
    const astray = tasks.map((task) => (task.node === 'worker2' ? { ...task, endpoints: {} } : task))
    const { problems } = judge(stackNetwork, { looks: looks() }, { ...facts, tasks: astray })
    expect(problems).to.deep.equal([
      {
        ...{ code: 'task-not-attached', kind: 'missed', node: 'worker2', network: 'swp-shop' },
        ...{ service: 'swp-shop_front', subject: 'swp-shop_front@worker2' },
      },
    ])
  })

  it('says nothing where a service has no task, no virtual IP, or a node no task to ask', () => {
    const of = (change: object) => outcomeOf(judge(stackNetwork, { looks: looks() }, { ...facts, ...change }))
    expect(of({ tasks: tasks.slice(0, 3) })).to.not.equal('pass')
    const nameless = { ...services, back: { ...service('back'), vips: {} } }
    expect(of({ services: nameless })).to.equal('inconclusive')
    expect(of({ tasks: tasks.filter(({ node }) => node !== 'worker2') })).to.equal('inconclusive')
  })
})
