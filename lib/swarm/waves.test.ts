import { expect } from 'chai'
import { waves } from './waves.ts'

describe('waves of services', () => {
  const sizes = (...tasks: number[]): number[][] =>
    waves(tasks.map((count) => ({ tasks: count }))).map((wave) => wave.map((service) => service.tasks))

  it('keep their order and hold three services and eight tasks at most', () => {
    expect(sizes(2, 3, 3, 1, 1, 2, 1)).to.deep.equal([[2, 3, 3], [1, 1, 2], [1]])
    expect(sizes(4, 5, 5, 1, 1, 2, 1)).to.deep.equal([[4], [5], [5, 1, 1], [2, 1]])
  })

  it('leave a service alone that has more tasks than that', () => {
    expect(sizes(1, 20, 1)).to.deep.equal([[1], [20], [1]])
    expect(sizes()).to.deep.equal([])
  })
})
