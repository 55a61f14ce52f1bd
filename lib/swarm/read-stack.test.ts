import { expect } from 'chai'
import type { Host } from '../host/host.ts'
import { MissingPrerequisite } from '../missing-prerequisite.ts'
import type { Cluster, ClusterNode } from './cluster.ts'
import { type ProbeTask, taskScript } from './probe-task.ts'
import { readStack } from './read-stack.ts'
import { hasIngress } from './no-ingress.ts'
import { answerJson, filtersOf, ServedEngine } from './served-engine.fake.ts'
import { stackNames, tasksOn } from './stack.ts'

/** An identifier as swarmkit makes them. */
const idOf = (name: string): string => name.replaceAll('_', '').replaceAll('-', '').padEnd(25, '0')
const containerOf = (task: string): string => Buffer.from(task).toString('hex').padEnd(64, '0')

const network = (id: string, name: string, vni: number, ingress = false, options = {}): object => ({
  Id: idOf(id),
  Name: name,
  Ingress: ingress,
  IPAM: { Config: [{ Subnet: '10.91.1.0/24', Gateway: '10.91.1.254' }] },
  Options: { 'com.docker.network.driver.overlay.vxlanid_list': String(vni), ...options },
})
const probeTask: ProbeTask = { image: `sha256:${'a'.repeat(64)}`, nonce: '0123456789abcdef01234567' }
const service = (id: string, name: string, endpoint: object, mode = 'vip'): object => ({
  ID: idOf(id),
  Spec: {
    Name: name,
    EndpointSpec: { Mode: mode },
    TaskTemplate: {
      ContainerSpec: {
        Image: probeTask.image,
        Args: ['sh', '-c', taskScript({ probeNonce: probeTask.nonce })],
      },
    },
  },
  Endpoint: endpoint,
})
const task = (id: string, state: string): object => ({
  ID: idOf(id),
  NodeID: idOf('n1'),
  ServiceID: idOf('s-web'),
  Status: { State: state, ContainerStatus: { ContainerID: containerOf(id), PID: 700 } },
})

const container = {
  Id: containerOf('t1'),
  State: { Pid: 742 },
  NetworkSettings: {
    Networks: { 'swp-clear': { IPAddress: '10.91.1.6', IPPrefixLen: 24, MacAddress: '02:42:0a:5b:01:06' } },
  },
}

function cluster(lines: readonly object[]): Cluster {
  const those = (key: string): object[] => lines.filter((line) => key in line)
  const remote = new ServedEngine('manager', (asked, answer) => {
    const { url = '' } = asked
    const ofAnybody = [service('z', 'swp-website', {})]
    if (url.startsWith('/services?')) return answerJson(answer, [...ofAnybody, ...those('Endpoint')])
    if (filtersOf(asked)['service']?.includes(idOf('z'))) return answerJson(answer, {}, 500)
    answerJson(answer, url.startsWith('/tasks?') ? those('NodeID') : container)
  })
  remote.answer(
    'docker network inspect',
    those('IPAM')
      .map((line) => JSON.stringify(line))
      .join('\n'),
  )
  const node = { nodeId: idOf('n1'), host: { name: 'manager', remote } as unknown as Host } as ClusterNode
  return { nodes: [node], manager: node, dataPathPort: 4789 }
}

const complete = [
  network('i', 'ingress', 4096, true),
  network('c', 'swp-clear', 4097),
  network('s', 'swp-secret', 4098, false, { encrypted: '' }),
  network('a', 'swp-auto', 4099),
  network('e', 'swp-extra', 4100),
  network('h', 'swp-shop_default', 4101),
  service('s-web', 'swp-web', {
    VirtualIPs: [{ NetworkID: idOf('c'), Addr: '10.91.1.1/24' }],
    Ports: [{ Protocol: 'tcp', TargetPort: 80, PublishedPort: 8080, PublishMode: 'ingress' }],
  }),
  service('s-rr', 'swp-rr', {}, 'dnsrr'),
  service('s-vault', 'swp-vault', {}),
  ...['island', 'both', 'dual', 'here', 'shop_front', 'shop_back'].map((name) =>
    service(`s-${name}`, `swp-${name}`, {}),
  ),
]

describe('readStack', () => {
  it('puts networks, services and running tasks together', async () => {
    const stack = await readStack(
      stackNames({}),
      cluster([...complete, task('t1', 'running'), task('t2', 'starting')]),
    )
    expect(stack.networks.secret).to.deep.include({ vni: 4098, encrypted: true })
    expect(stack.networks.clear).to.deep.include({ vni: 4097, encrypted: false })
    expect(stack.services.web.vips).to.deep.equal({ [idOf('c')]: '10.91.1.1' })
    expect(stack.services.rr.endpointMode).to.equal('dnsrr')
    expect(stack.tasks.map(({ id, pid, service: name }) => ({ id, pid, name }))).to.deep.equal([
      { id: idOf('t1'), pid: 742, name: 'swp-web' },
    ])
    expect(tasksOn(stack, 'clear')).to.have.lengthOf(1)
    expect(tasksOn(stack, 'secret')).to.have.lengthOf(0)
    expect(stack.probeTask).to.deep.equal(probeTask)
  })

  it('refuses a stack whose image a registry could be asked for, or that serves to anybody', async () => {
    const text = JSON.stringify(complete)
    for (const other of [
      text.replaceAll(probeTask.image, 'busybox:1'),
      text.replaceAll(probeTask.nonce, 'index'),
    ]) {
      const read = readStack(stackNames({}), cluster(JSON.parse(other) as object[]))
      const error = await read.catch((thrown: unknown) => thrown)
      expect(error).to.have.property('code', 'STACK_INCOMPLETE')
    }
  })

  it('reads a swarm without ingress, and says so to who asks for it alone', async () => {
    const stack = await readStack(
      stackNames({}),
      cluster(complete.filter((entry) => !('Ingress' in entry && entry.Ingress === true))),
    )
    expect([hasIngress(stack), Object.values(stack.networks).length]).to.deep.equal([false, 5])
    expect(() => stack.networks.ingress).to.throw(MissingPrerequisite, 'this swarm has no ingress network')
  })

  it('finds the stack by its prefix', async () => {
    const renamed = JSON.parse(JSON.stringify(complete).replaceAll('"swp-', '"swp-x7k2-')) as object[]
    const stack = await readStack(stackNames({ namePrefix: 'swp-x7k2' }), cluster(renamed))
    expect(stack.networks.shop.name).to.equal('swp-x7k2-shop_default')
    expect(stack.services.back.name).to.equal('swp-x7k2-shop_back')
  })

  it('names what is missing', async () => {
    const without = complete.filter((entry) => !('Name' in entry && entry.Name === 'swp-secret'))
    let message = ''
    await readStack(stackNames({}), cluster(without)).catch((error: Error) => (message = error.message))
    expect(message).to.include('the stack lacks network swp-secret')
  })
})
