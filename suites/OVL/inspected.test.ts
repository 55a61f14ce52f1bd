import { expect } from 'chai'
import { type Inspected, attachmentProblems, disagreements } from './inspected.ts'

const sound: Inspected = {
  node: 'worker1',
  network: 'clear',
  listed: { c1: '10.0.1.3' },
  peers: ['192.168.0.1', '192.168.0.2'],
  tasks: { c1: { label: 'web@worker1', address: '10.0.1.3' } },
  members: { '192.168.0.1': 'manager', '192.168.0.2': 'worker1' },
  takesPart: true,
  balancers: [{ name: 'clear-endpoint', address: '10.0.1.5' }],
  balancerNamespace: 'lb_clearnetw',
  balancerHolds: ['10.0.1.5', '10.0.1.1'],
}
const where = { node: 'worker1', network: 'clear' }

describe('disagreements', () => {
  it('finds none where engine and API agree', () => {
    expect(disagreements(sound)).to.deep.equal([])
  })

  it('names a task that is missing, unknown or has another address', () => {
    const web = { ...where, subject: 'web@worker1' }
    expect(disagreements({ ...sound, listed: {} })).to.deep.equal([
      { ...web, code: 'endpoint-not-listed', kind: 'missed', address: '10.0.1.3' },
    ])
    expect(disagreements({ ...sound, tasks: {} })).to.deep.equal([
      { ...where, code: 'endpoint-without-task', kind: 'seen', subject: 'c1', address: '10.0.1.3' },
    ])
    expect(disagreements({ ...sound, listed: { c1: '10.0.1.4' } })).to.deep.equal([
      {
        ...{ ...web, code: 'endpoint-address-differs', kind: 'seen' },
        ...{ expected: '10.0.1.3', observed: '10.0.1.4' },
      },
    ])
  })

  it('names peers that are missing or too many, where the node takes part', () => {
    const one = { ...sound, peers: ['192.168.0.2', '192.168.0.9'] }
    expect(disagreements(one)).to.deep.equal([
      {
        ...{ ...where, code: 'network-peer-missing', kind: 'missed', subject: 'manager' },
        ...{ address: '192.168.0.1', path: { from: 'manager', to: 'worker1' } },
      },
      { ...where, code: 'network-peer-stale', kind: 'seen', address: '192.168.0.9' },
    ])
    expect(disagreements({ ...one, takesPart: false })).to.deep.equal([])
  })

  it('wants one endpoint of the balancer, whose address its namespace has, where the node takes part', () => {
    const [own] = sound.balancers
    const two = [own, own] as Inspected['balancers']
    const { balancerHolds: _, ...unread } = sound
    expect(disagreements({ ...sound, balancers: [] })).to.deep.equal([
      { ...where, code: 'balancer-endpoint-missing', kind: 'missed' },
    ])
    expect(disagreements({ ...sound, balancers: two })).to.deep.equal([
      {
        ...{ ...where, code: 'balancer-endpoint-not-single', kind: 'seen', observed: 2 },
        subject: 'clear-endpoint (10.0.1.5), clear-endpoint (10.0.1.5)',
      },
    ])
    expect(disagreements({ ...sound, balancerHolds: null })).to.deep.equal([
      { ...where, code: 'balancer-missing', kind: 'missed', subject: 'lb_clearnetw' },
    ])
    expect(disagreements({ ...sound, balancerHolds: ['10.0.1.9'] })).to.deep.equal([
      {
        ...{ ...where, code: 'balancer-address-differs', kind: 'seen', subject: 'clear-endpoint' },
        ...{ expected: '10.0.1.5', observed: '10.0.1.9' },
      },
    ])
    expect(disagreements(unread)).to.deep.equal([])
    const elsewhere = { ...sound, takesPart: false, balancers: [], balancerHolds: null }
    expect(disagreements(elsewhere)).to.deep.equal([])
  })
})

describe('attachmentProblems', () => {
  const task = { label: 'both@worker1', node: 'worker1', networks: ['extra', 'clear'] }
  const both = { service: 'both', asked: ['clear', 'extra'], tasks: [task] }

  it('finds none where tasks are on the networks of their service, and on ingress besides', () => {
    expect(attachmentProblems(both, 'ingress')).to.deep.equal([])
    const publishing = { ...task, networks: [...task.networks, 'ingress'] }
    expect(attachmentProblems({ ...both, tasks: [publishing] }, 'ingress')).to.deep.equal([])
  })

  it('names a task that is on fewer or on others', () => {
    const found = { code: 'attachment-differs', kind: 'seen', node: 'worker1', service: 'both' }
    expect(attachmentProblems({ ...both, asked: ['clear'] }, 'ingress')).to.deep.equal([
      { ...found, subject: 'both@worker1', expected: 'clear', observed: 'clear, extra' },
    ])
    expect(attachmentProblems({ ...both, tasks: [{ ...task, networks: [] }] }, 'ingress')).to.deep.equal([
      { ...found, subject: 'both@worker1', expected: 'clear, extra', observed: 'none' },
    ])
  })
})
