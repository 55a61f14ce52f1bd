import { expect } from 'chai'
import { enginesApart } from './engines-apart.ts'

const host = (name: string, version: string): Parameters<typeof enginesApart>[0][number] => ({
  inventory: { name } as never,
  facts: { engine: { version } },
})

describe('engines of several hosts', () => {
  it('are warned of where their encrypted networks do not meet', () => {
    const found = enginesApart([host('old', '28.5.2'), host('new', '29.1.3'), host('newest', '29.2.1')])
    expect(found).to.have.lengthOf(1)
    expect(found[0]).to.include({ host: 'new', name: 'engine', status: 'warning' })
    expect(found[0]?.detail).to.match(/to and from engine 28\.5\.2, 29\.2\.1/)
  })

  it('may differ otherwise', () => {
    expect(enginesApart([host('old', '20.10.24'), host('new', '28.5.2')])).to.deep.equal([])
  })
})
