import { expect } from 'chai'
import { apartWhenEncrypted } from './spi-rule.ts'

describe('engines whose encrypted networks do not meet', () => {
  it('are told apart by the versions of the release notes', () => {
    expect(apartWhenEncrypted(['29.1.3', '28.5.2', '29.1.3'])).to.deep.equal({
      some: ['29.1.3'],
      others: ['28.5.2'],
    })
    expect(apartWhenEncrypted(['25.0.14', '29.2.1'])).to.deep.include({ some: ['25.0.14'] })
    expect(apartWhenEncrypted(['28.2.2+dfsg1', '28.3.0'])).to.deep.include({ some: ['28.2.2+dfsg1'] })
  })

  it('are not where all derive SPIs alike', () => {
    expect(apartWhenEncrypted(['20.10.24', '28.5.2', '29.2.1'])).to.equal(undefined)
    expect(apartWhenEncrypted(['29.0.0', '29.2.0', '25.0.13'])).to.equal(undefined)
    expect(apartWhenEncrypted([])).to.equal(undefined)
  })
})
