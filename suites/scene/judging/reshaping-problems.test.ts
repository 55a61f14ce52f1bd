import { expect } from 'chai'
import type { ProbeSeen } from '../../../lib/observation/probe-seen.ts'
import { asked, task, threeNodes } from '../../three-nodes.fake.ts'
import { givenNetworkProblems, takenNetworkProblems } from './reshaping-problems.ts'

const facts = threeNodes()
const of = { service: 'swp-moving', manager: 'manager', own: 'swp-own', extra: 'swp-extra' }
const endpoint = (address: string) => ({ address, mac: '02:42:0a:00:02:09', prefixLength: 24 })
const moving = {
  ...{ ...task('moving', 'worker1', 9), hostname: 'moving' },
  endpoints: { 'swp-own': endpoint('10.0.4.9'), 'swp-extra': endpoint('10.0.2.9') },
}
const onOwn = { ...moving, endpoints: { 'swp-own': endpoint('10.0.4.9') } }
const name = (addresses?: readonly string[]) => ({
  ...{ what: 'name' as const, from: 'rr-worker2', to: 'tasks.swp-moving' },
  probe: asked('swp-rr@worker2', addresses),
})
const request = (what: 'http' | 'echo', outcome: ProbeSeen['outcome'], reply = '') => ({
  ...{ what, from: 'rr-worker2', to: '10.0.2.9' },
  probe: {
    ...{
      kind: what === 'http' ? 'tcp' : 'icmp',
      from: 'swp-rr@worker2',
      fromNode: 'worker2',
      to: '10.0.2.9',
    },
    ...{ outcome, elapsedMs: 6000, attempts: [], replies: [reply], replyBytes: [reply.length] },
  } as ProbeSeen,
})
const given = (seen: object) =>
  givenNetworkProblems({ publishedPort: null, task: moving, looked: [], ...seen }, of, facts)
const taken = (seen: object) => takenNetworkProblems({ task: onOwn, looked: [], ...seen }, of, facts)
const where = { network: 'swp-extra', service: 'swp-moving', node: 'worker2' }

describe('a service that was given networks', () => {
  it('is found by name and answers on the other one', () => {
    const looked = [request('http', 'answered', 'moving'), name(['10.0.2.9', '10.0.2.8'])]
    expect(given({ looked })).to.deep.equal([])
  })

  it('is not attached, on the node of its task', () => {
    expect(given({ task: onOwn })).to.deep.equal([
      {
        ...{ code: 'task-not-attached', kind: 'missed', node: 'worker1', network: 'swp-extra' },
        ...{ service: 'swp-moving', subject: 'swp-moving@worker1' },
      },
    ])
  })

  it('is not reached, reached as another, or not found', () => {
    const path = { from: 'worker2', to: 'worker1' }
    const [silent] = given({ looked: [request('http', 'timeout')] })
    expect(silent).to.deep.include({ ...where, path, code: 'not-delivered', kind: 'missed' })
    const [other] = given({ looked: [request('http', 'answered', 'nginx')] })
    expect(other).to.deep.include({ ...where, code: 'answered-by-another', kind: 'seen', observed: 'nginx' })
    const [unlisted] = given({ looked: [name(['10.0.2.8'])] })
    expect(unlisted).to.deep.include({ ...where, code: 'name-lacks-task', address: '10.0.2.9' })
    const [unasked] = given({ looked: [name()] })
    expect(unasked).to.deep.include({ ...where, code: 'name-not-answered', kind: 'missed' })
  })
})

describe('a service that lost a network', () => {
  it('is not there any more', () => {
    expect(taken({ looked: [name(), name([]), request('echo', 'timeout')] })).to.deep.equal([])
  })

  it('still is attached, found or answering', () => {
    expect(taken({ task: moving })[0]).to.deep.include({
      ...{ code: 'task-still-attached', kind: 'seen', node: 'worker1', network: 'swp-extra' },
    })
    const looked = [name(['10.0.2.9']), request('echo', 'answered')]
    expect(taken({ looked })).to.deep.equal([
      {
        ...{ ...where, code: 'name-still-found', kind: 'seen', subject: 'tasks.swp-moving' },
        ...{ ends: { from: 'swp-rr@worker2', to: 'tasks.swp-moving' }, address: '10.0.2.9' },
      },
      {
        ...{ ...where, code: 'former-address-answers', kind: 'seen', protocol: 'ICMP' },
        ...{ ends: { from: 'swp-rr@worker2', to: '10.0.2.9' }, address: '10.0.2.9' },
      },
    ])
  })

  it('lost the one that it should keep', () => {
    expect(taken({ task: { ...moving, endpoints: {} } })[0]).to.deep.include({
      ...{ code: 'task-not-attached', kind: 'missed', network: 'swp-own' },
    })
  })
})
