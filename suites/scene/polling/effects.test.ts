import { expect } from 'chai'
import { effectMeasure, effectSeconds } from './effects.ts'

describe('the time of an effect', () => {
  const looks = (...seen: number[]) => seen.map((problems, index) => ({ atSeconds: index, seen: problems }))
  const of = (problems: number): unknown[] => new Array(problems).fill(0)

  it('is that of the first look since which nothing was wrong', () => {
    expect(effectSeconds({ looks: looks(0) }, of)).to.equal(0)
    expect(effectSeconds({ looks: looks(2, 0, 1, 0, 0) }, of)).to.equal(3)
    expect(effectSeconds({ looks: looks(0, 1) }, of)).to.equal(undefined)
  })

  it('is a figure with its bound, and none where it never was there', () => {
    expect(effectMeasure('--publish-add', 4.2)).to.deep.equal([
      { name: '--publish-add took effect', value: 4.2, unit: 's', bound: 90 },
    ])
    expect(effectMeasure('--publish-add', undefined)).to.deep.equal([])
  })
})
