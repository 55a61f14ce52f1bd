import { expect } from 'chai'
import { loadedImageName } from '../loaded-image.ts'
import { composeFile } from './trial-stack.ts'

interface Compose {
  services: { shop: { image: string; networks?: string[]; deploy: object; ports: object[] } }
  networks: Record<string, object>
}

const options = { name: 'swp-t-shift', label: 'run-1', spec: {} }
const compose = (version: { network?: string }, spec = {}): Compose =>
  JSON.parse(composeFile({ ...options, spec: { probeNonce: '0'.repeat(24), ...spec } }, version)) as Compose

describe('compose file of a trial', () => {
  it('leaves the service to the default network, and labels both', () => {
    const file = compose({})
    expect(file.services.shop.networks).to.equal(undefined)
    expect(file.networks).to.deep.equal({ default: { driver: 'overlay', labels: { swarmproof: 'run-1' } } })
    expect(file.services.shop.deploy).to.deep.equal({ replicas: 1, labels: { swarmproof: 'run-1' } })
  })

  it('declares another network for it, and lets the manager choose the port both times', () => {
    const file = compose({ network: 'other' })
    expect(file.services.shop.networks).to.deep.equal(['other'])
    expect(Object.keys(file.networks)).to.deep.equal(['other'])
    expect(file.services.shop.ports).to.deep.equal([{ target: 80, protocol: 'tcp', mode: 'ingress' }])
  })

  it('runs the image and keeps to the memory of the stack under test', () => {
    const { image, deploy } = compose({}, { probeImage: loadedImageName('own'), taskMemoryMib: 64 }).services
      .shop
    expect(image).to.equal(loadedImageName('own'))
    expect(deploy).to.deep.include({ resources: { limits: { memory: '64M' } } })
  })
})
