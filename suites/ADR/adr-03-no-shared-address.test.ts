import { expect } from 'chai'
import { verdictOf } from '../verdict-of.fake.ts'
import { noSharedAddress } from './adr-03-no-shared-address.ts'
import type { Claim } from './claims.ts'

const network = 'swp-clear'
const claim = (kind: Claim['kind'], holder: string, node: string, last: number): Claim => ({
  ...{ network, address: `10.91.1.${last}`, kind, holder, node },
})
const common: Claim[] = [
  { network, address: '10.91.1.1', kind: 'gateway', holder: network },
  { network, address: '10.91.1.2', kind: 'virtual-ip', holder: 'swp-web' },
]
const good = {
  ...{ networks: [network], common },
  api: [claim('task', 'abc of swp-web', 'worker1', 3), claim('task', 'def of swp-web', 'worker2', 4)],
  engines: [claim('endpoint', 'swp-web.1', 'worker1', 3), claim('endpoint', 'swp-web.2', 'worker2', 4)],
  kernels: {
    worker1: { got: [claim('namespace', 'sandbox of swp-web@worker1', 'worker1', 3)] },
    worker2: { got: [claim('namespace', 'sandbox of swp-web@worker2', 'worker2', 4)] },
  },
}

function lookedAt(failedLooks: number, ...seen: readonly object[]): unknown {
  const looks = seen.map((look, index) => ({ atSeconds: index * 3, seen: look }))
  return {
    claims: { reached: false, seconds: 30, withinSeconds: 30, failedLooks, looks, last: seen.at(-1) },
  }
}

const looked = (...seen: readonly object[]): unknown => lookedAt(0, ...seen)

/** A task's interface also has an address of the other task. */
const twice = {
  ...good,
  kernels: {
    ...good.kernels,
    worker2: {
      got: [3, 4].map((last) => claim('namespace', 'sandbox of swp-web@worker2', 'worker2', last)),
    },
  },
}

describe('ADR-03', () => {
  it('passes where every address has one holder', () => {
    expect(verdictOf(noSharedAddress, looked(good))).to.include({ outcome: 'pass' })
  })

  it('fails for what every look saw, with network, address and nodes', () => {
    const { outcome, problems } = verdictOf(noSharedAddress, looked(twice, twice))
    expect(outcome).to.equal('fail')
    expect(problems).to.have.lengthOf(1)
    expect(problems[0]).to.deep.include({
      ...{ code: 'address-held-twice', network, address: '10.91.1.3' },
      path: { from: 'worker1', to: 'worker2' },
    })
  })

  it('passes where an address was being handed on', () => {
    expect(verdictOf(noSharedAddress, looked(twice, good)).outcome).to.equal('pass')
  })

  it('knows nothing where no second look came to its end', () => {
    expect(verdictOf(noSharedAddress, lookedAt(5, twice)).outcome).to.equal('inconclusive')
  })

  it('is inconclusive where a source told of nothing or a kernel was not read', () => {
    expect(verdictOf(noSharedAddress, looked({ ...good, engines: [] })).outcome).to.equal('inconclusive')
    const unread = { ...good.kernels, manager: { threw: 'the kernel state was not read' } }
    expect(verdictOf(noSharedAddress, looked({ ...good, kernels: unread })).reason).to.include('of manager')
  })

  it('fails for what was seen although a kernel was not read', () => {
    const unread = { ...twice.kernels, manager: { threw: 'the kernel state was not read' } }
    expect(verdictOf(noSharedAddress, looked({ ...twice, kernels: unread })).outcome).to.equal('fail')
  })
})
