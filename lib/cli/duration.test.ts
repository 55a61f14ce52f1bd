import { expect } from 'chai'
import { parseDuration } from './duration.ts'

describe('duration', () => {
  it('reads units, and plain numbers as seconds', () => {
    expect(['90s', '3m', '500ms', '1h', '2', '1.5m'].map(parseDuration)).to.deep.equal([
      90_000, 180_000, 500, 3_600_000, 2000, 90_000,
    ])
  })

  it('refuses anything else by name', () => {
    for (const text of ['', 'soon', '-3s', '0', '3 weeks'])
      expect(() => parseDuration(text)).to.throw(`'${text}'`)
  })
})
