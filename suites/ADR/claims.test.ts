import { expect } from 'chai'
import { sharedAddresses } from './claims.ts'

const claim = (address: string, holder: string, network = 'clear') => ({ network, address, holder })

describe('sharedAddresses', () => {
  it('finds none where every address has one holder, told however often', () => {
    const claims = [
      claim('10.0.1.2', 'web@a'),
      claim('10.0.1.2', 'web@a'),
      claim('10.0.1.3', 'web@b'),
      claim('10.0.1.2', 'rr@b', 'secret'),
    ]
    expect(sharedAddresses('engines', claims)).to.deep.equal([])
  })

  it('names the network, the address and everybody who has it', () => {
    const claims = [claim('10.0.1.2', 'web@a'), claim('10.0.1.3', 'web@b'), claim('10.0.1.2', 'rr@c')]
    expect(sharedAddresses('the engines', claims)).to.deep.equal([
      '10.0.1.2 on clear is held by web@a and by rr@c, as the engines tell it',
    ])
  })
})
