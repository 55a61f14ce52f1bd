import { expect } from 'chai'
import { netlinkLines } from '../observe/netlink-lines.fake.ts'
import type { ExecOptions } from '../remote/remote.ts'
import { inSections } from '../remote/sections.fake.ts'
import { answerJson, ServedEngine } from '../swarm/served-engine.fake.ts'
import type { Fault } from './fault.ts'
import { recordedLab } from './recorded-lab.fake.ts'
import { addressPoolsCovered, advertisesElsewhere, ingressDeviceTaken } from './rejoining-faults.ts'

const first = '0'.repeat(25)
const later = '1'.repeat(25)

/** A lab whose last worker can leave and join; `done` has in order what is done to the swarm and to that host. */
function stage() {
  const { on } = recordedLab({ device: 'eth2', prefix: 'swp' })
  const done: string[] = []
  let nodeId = first
  const said = (text: string) => (): string => {
    done.push(text)
    return ''
  }
  const services = Object.values(on.stack.services).map(({ name }) => ({
    Spec: { Name: name },
    ServiceStatus: { RunningTasks: 1, DesiredTasks: 1 },
  }))
  const manager = new ServedEngine('manager', (_, answer) => answerJson(answer, services))
    .answer('docker swarm join-token', 'token\n')
    .answer('docker node ls', 'manager Ready\nworker1 Ready\nworker2 Ready\n')
    .answer(/docker node rm --force (\S+)/, (command) => said(`forget ${command.slice(-25)}`)())
  const state = [
    '@@ clock\n2026-11-21T06:47:20Z\n@@ namespace -\n@@ netlink',
    netlinkLines(
      { name: 'lo', address: '127.0.0.1', prefixLength: 8 },
      { name: 'eth2', address: '192.168.56.13', prefixLength: 24 },
      { name: 'docker_gwbridge', address: '172.18.0.1', prefixLength: 16, kind: 'bridge' },
      { name: 'eth0', address: '10.0.2.15', prefixLength: 24 },
    ),
    '@@ end\n',
  ]
  const worker = new ServedEngine('worker2', (_, answer) => answerJson(answer, {}))
    .answer('true', '')
    .answer(/ip link|ip route|network rm/, (command) => said(command.replace('set -e\n', ''))())
    .answer('.Swarm.NodeID', () => nodeId)
    .answer('docker swarm leave', (command) => {
      expect(command, 'whom it takes it for').to.contain(nodeId)
      return said('leave')()
    })
    .answer('/swarm/join', (_, options) => {
      const { input } = options as ExecOptions
      const { AdvertiseAddr, DataPathAddr } = JSON.parse(String(input)) as Record<string, string>
      said(`join ${AdvertiseAddr} ${DataPathAddr}`)()
      nodeId = later
      return 'HTTP/1.1 200 OK\r\n\r\n'
    })
    // Holds what others are known by, too.
    .answer('xfrm-$what', inSections(state.join('\n')))
  const underlays = { data: { interface: 'eth2', address: '192.168.56.13' } }
  const nodes = on.cluster.nodes.map((node, index) => ({
    ...node,
    host: {
      ...node.host,
      ...(index === 2 ? { underlays } : {}),
      remote: [manager, node.host.remote, worker][index] ?? manager,
    },
  }))
  const [head] = nodes
  if (head === undefined) throw new Error('a lab has a manager')
  return { on: { ...on, cluster: { ...on.cluster, nodes, manager: head } }, done }
}

async function planted(fault: Fault): Promise<{ readonly plant: string[]; readonly remove: string[] }> {
  const { on, done } = stage()
  const { host, remove } = await fault.plant(on)
  expect(host).to.equal('worker2')
  const plant = done.splice(0)
  await remove()
  return { plant, remove: done }
}

const left = (nodeId: string): string[] => ['leave', `forget ${nodeId}`]
const rightly = 'join 192.168.55.13 192.168.56.13'

describe('faults of a node that joins again', () => {
  it('have it join by its management interface, and rightly afterwards', async () => {
    const { plant, remove } = await planted(advertisesElsewhere)
    expect(plant).to.deep.equal([...left(first), 'join 10.0.2.15 '])
    expect(remove).to.deep.equal([...left(later), rightly])
  })

  it('take the device of ingress while the node is in no swarm, and give it back likewise', async () => {
    const { plant, remove } = await planted(ingressDeviceTaken)
    expect(plant).to.deep.equal([
      ...left(first),
      'ip link add vxlan.calico type vxlan id 4096 dstport 4789 dev eth2 nolearning\nip link set vxlan.calico up',
      rightly,
    ])
    expect(remove).to.deep.equal([...left(later), 'ip link del vxlan.calico', rightly])
  })

  it('cover the pools after docker_gwbridge is gone, and uncover them before it is made again', async () => {
    const { plant, remove } = await planted(addressPoolsCovered)
    expect(plant.map((line) => line.split('\n').length)).to.deep.equal([1, 1, 5, 1])
    expect(plant[2]).to.contain('docker_gwbridge\nip link add swp-tunnel type dummy')
    expect(remove).to.deep.equal([...left(later), 'ip link del swp-tunnel', rightly])
  })

  it('let no node leave where there is no other interface to join by', async () => {
    const { on, done } = stage()
    const nodes = on.cluster.nodes.map((node) => ({
      ...node,
      host: { ...node.host, underlays: { ...node.host.underlays, all: { interface: 'eth0', address: '' } } },
    }))
    const thrown = await advertisesElsewhere
      .plant({ ...on, cluster: { ...on.cluster, nodes } })
      .catch((e: unknown) => e)
    expect(thrown).to.have.property('code', 'FAULT_IMPOSSIBLE')
    expect(done).to.deep.equal([])
  })
})
