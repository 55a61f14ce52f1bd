import { expect } from 'chai'
import { type Inspected, attachmentProblems, disagreements } from './inspected.ts'

const sound: Inspected = {
  node: 'worker1',
  network: 'clear',
  listed: new Map([['c1', '10.0.1.3']]),
  peers: ['192.168.0.1', '192.168.0.2'],
  tasks: new Map([['c1', { label: 'web@worker1', address: '10.0.1.3' }]]),
  members: new Map([
    ['192.168.0.1', 'manager'],
    ['192.168.0.2', 'worker1'],
  ]),
  takesPart: true,
  balancers: [{ name: 'clear-endpoint', address: '10.0.1.5' }],
  balancerHolds: ['10.0.1.5', '10.0.1.1'],
}

describe('disagreements', () => {
  it('finds none where engine and API agree', () => {
    expect(disagreements(sound)).to.deep.equal([])
  })

  it('names a task that is missing, unknown or has another address', () => {
    expect(disagreements({ ...sound, listed: new Map() })).to.deep.equal([
      'worker1, network clear: does not list web@worker1 (10.0.1.3)',
    ])
    expect(disagreements({ ...sound, tasks: new Map() })[0]).to.match(/c1 \(10.0.1.3\), which is no task/)
    expect(disagreements({ ...sound, listed: new Map([['c1', '10.0.1.4']]) })[0]).to.match(
      /with 10.0.1.4, the API says 10.0.1.3/,
    )
  })

  it('names peers that are missing or too many, where the node takes part', () => {
    const one = { ...sound, peers: ['192.168.0.2', '192.168.0.9'] }
    expect(disagreements(one)).to.deep.equal([
      'worker1, network clear: manager (192.168.0.1) runs a task on it and is not among its peers',
      'worker1, network clear: peer 192.168.0.9 runs no task on it',
    ])
    expect(disagreements({ ...one, takesPart: false })).to.deep.equal([])
  })

  it('wants one endpoint of the balancer, whose address its namespace has, where the node takes part', () => {
    const [own] = sound.balancers
    expect(disagreements({ ...sound, balancers: [] })).to.deep.equal([
      'worker1, network clear: lists no endpoint of the balancer',
    ])
    expect(disagreements({ ...sound, balancers: [own, own] as Inspected['balancers'] })[0]).to.match(
      /lists 2 endpoints of the balancer, expected 1/,
    )
    expect(disagreements({ ...sound, balancerHolds: undefined })[0]).to.match(/no namespace of it/)
    expect(disagreements({ ...sound, balancerHolds: ['10.0.1.9'] })).to.deep.equal([
      'worker1, network clear: lists clear-endpoint with 10.0.1.5, its namespace has 10.0.1.9',
    ])
    const elsewhere = { ...sound, takesPart: false, balancers: [], balancerHolds: undefined }
    expect(disagreements(elsewhere)).to.deep.equal([])
  })
})

describe('attachmentProblems', () => {
  const task = { label: 'both@worker1', networks: ['extra', 'clear'] }
  const both = { service: 'both', asked: ['clear', 'extra'], tasks: [task] }

  it('finds none where tasks are on the networks of their service, and on ingress besides', () => {
    expect(attachmentProblems(both, 'ingress')).to.deep.equal([])
    const publishing = { ...task, networks: [...task.networks, 'ingress'] }
    expect(attachmentProblems({ ...both, tasks: [publishing] }, 'ingress')).to.deep.equal([])
  })

  it('names a task that is on fewer or on others', () => {
    expect(attachmentProblems({ ...both, asked: ['clear'] }, 'ingress')).to.deep.equal([
      'both@worker1 is on clear, extra, service inspect of both says clear',
    ])
    expect(attachmentProblems({ ...both, tasks: [{ ...task, networks: [] }] }, 'ingress')[0]).to.match(
      /is on no overlay/,
    )
  })
})
