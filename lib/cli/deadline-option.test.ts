import { expect } from 'chai'
import { deadline } from './deadline-option.ts'

describe('--deadline', () => {
  it('takes a minute and more', () => {
    expect(deadline('1m')).to.equal(60_000)
  })

  it('refuses less with the reason and what to give', () => {
    expect(() => deadline('10s')).to.throw(
      "'10s' is too short: 30 s or more are kept for cleaning up and the reports; give 1m or more.",
    )
  })
})
