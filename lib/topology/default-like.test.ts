import { expect } from 'chai'
import { isDefaultLike } from './default-like.ts'

describe('default-like routes', () => {
  it('are the default route and the halves of the world', () => {
    for (const destination of ['default', '0.0.0.0/0', '0.0.0.0/1', '128.0.0.0/1'])
      expect(isDefaultLike(destination), destination).to.equal(true)
  })

  it('are not those of networks and hosts, however wide', () => {
    for (const destination of ['64.0.0.0/2', '10.0.0.0/8', '172.18.0.0/16', '192.0.2.1', '192.0.2.1/32'])
      expect(isDefaultLike(destination), destination).to.equal(false)
  })
})
