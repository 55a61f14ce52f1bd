import { expect } from 'chai'
import type { Topology } from '../topology/topology.ts'
import { type LoadedImage, loadedImageName } from '../loaded-image.ts'
import { scriptFor, stackRecipe, type StackScript, stackScript, withProbeTask } from './stack-script.ts'
import { nonceIn, taskScript } from './probe-task.ts'

const topology = {
  nodes: [{}, {}, {}],
  swarm: {},
  stack: {
    clear: { subnet: '10.91.1.0/24', gateway: '10.91.1.254' },
    secret: { subnet: '10.91.2.0/24', gateway: '10.91.2.254' },
    publishedPort: 8080,
    probeNonce: '0123456789abcdef01234567',
  },
} as unknown as Topology

const texts = ({ networks, services, compose }: StackScript) => ({
  networks: networks.map(({ text }) => text),
  services: services.map(({ text }) => text),
  compose,
})

describe('stackScript', () => {
  it('labels everything, leaves one node without a task of web, and encrypts only the twin', () => {
    const { networks, services } = texts(stackScript(topology, 3, 'run-1'))
    for (const line of [...networks, ...services]) expect(line).to.include('--label swarmproof=run-1')
    expect(services.find((line) => line.includes('--name swp-web'))).to.include('--replicas 2 ')
    expect(networks.filter((line) => line.includes('--opt encrypted'))).to.have.lengthOf(1)
    expect(networks.find((line) => line.endsWith('swp-auto'))).to.not.include('--subnet')
  })

  it('gives web two tasks on a swarm of two, and one on a swarm of one', () => {
    expect(stackScript(topology, 2, 'x').services[0]?.text).to.include('--replicas 2 ')
    expect(stackScript(topology, 1, 'x').services[0]?.text).to.include('--replicas 1 ')
  })

  it('takes prefix, ports, image and limit from the topology', () => {
    const own = {
      namePrefix: 'swp-x7k2',
      ports: [20_001, 20_007, 20_013, 20_022],
      probeImage: loadedImageName('x7k2'),
      taskMemoryMib: 32,
    }
    const script = texts(stackScript({ ...topology, stack: { ...topology.stack, ...own } }, 3, 'run-1'))
    const all = [...script.networks, ...script.services, script.compose].join('\n')
    expect(all).to.not.match(/swp-(web|clear|shop|auto)|80[89]\d/)
    for (const port of own.ports) expect(all).to.match(new RegExp(`(published=|--publish )${port}\\b`))
    for (const line of script.services)
      expect(line).to.include(`--limit-memory 32M ${loadedImageName('x7k2')} sh`)
    expect(JSON.parse(script.compose)).to.have.nested.property(
      'services.front.deploy.resources.limits.memory',
      '32M',
    )
  })

  it('publishes nothing through an ingress that is not there, and wants nothing of managers that take no tasks', () => {
    const { services, compose } = texts(
      scriptFor(topology, { nodes: 3, manager: false, ingress: false }, 'x'),
    )
    expect(services.filter((line) => line.includes('--publish'))).to.have.lengthOf(1)
    expect(services.find((line) => line.includes('--publish'))).to.include('mode=host')
    expect(JSON.parse(compose)).to.have.nested.property('services.back.deploy.replicas', 0)
  })
})

describe('what tasks run', () => {
  const id: LoadedImage = `sha256:${'a'.repeat(64)}`

  it('is named so that no task asks a registry, by every service, and serves below the nonce alone', () => {
    const nonce = 'fedcba9876543210fedcba98'
    const script = texts(stackScript(withProbeTask(topology, { image: id, nonce }), 3, 'x'))
    const { services } = JSON.parse(script.compose) as {
      services: Record<string, { image: string; command: string[] }>
    }
    for (const line of script.services) {
      expect(line).to.include(` ${id} sh -c `)
      expect(nonceIn(/sh -c '(.*)'$/.exec(line)?.[1] ?? '')).to.equal(nonce)
    }
    for (const { image, command } of Object.values(services)) {
      expect(image).to.equal(id)
      expect(nonceIn(command.at(-1) ?? '')).to.equal(nonce)
    }
  })

  it('is not made without a nonce, for it would answer anybody', () => {
    const { clear, secret, publishedPort } = topology.stack
    const stack = { clear, secret, publishedPort }
    expect(() => stackScript({ ...topology, stack }, 3, 'x')).to.throw('nonce')
    expect(() => taskScript({ probeNonce: '' })).to.throw('nonce')
    expect(() => taskScript({ probeNonce: '../../etc; id #'.padEnd(24) })).to.throw('nonce')
  })
})

describe('stackRecipe', () => {
  it('stays while the commands stay and changes with them', () => {
    const other = { ...topology, stack: { ...topology.stack, publishedPort: 8081 } }
    expect(stackRecipe(topology)).to.equal(stackRecipe({ ...topology }))
    expect(stackRecipe(topology)).to.not.equal(stackRecipe(other))
  })
})
