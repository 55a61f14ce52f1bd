import { expect } from 'chai'
import {
  isSameNamespace,
  loadBalancerNamespace,
  nameAmong,
  namespaceNamed,
  overlayNamespace,
} from './namespaces.ts'

describe('namespaces of an overlay', () => {
  const [name, balancer] = [overlayNamespace('xpj8b87hvipkabc'), loadBalancerNamespace('xpj8b87hvipkabc')]

  it('are found by name, and of a network that the engine made again by another number', () => {
    expect(namespaceNamed({ [name]: 'first', '2-xpj8b87hvi': 'second' }, name)).to.equal('first')
    expect(namespaceNamed({ '2-xpj8b87hvi': 'second', '1-0k3bbqxd5k': 'other' }, name)).to.equal('second')
    expect(namespaceNamed({ '2-0k3bbqxd5k': 'other' }, name)).to.equal(undefined)
    expect(nameAmong(['', 'default', '12-xpj8b87hvi'], name)).to.equal('12-xpj8b87hvi')
    expect(isSameNamespace('lb_xpj8b87hv', 'lb_0k3bbqxd5')).to.equal(false)
    expect(namespaceNamed({ lb_xpj8b87hv: 'balancer' }, balancer)).to.equal('balancer')
  })
})
