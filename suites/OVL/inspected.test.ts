import { expect } from 'chai'
import { type Inspected, disagreements } from './inspected.ts'

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
})
