import { expect } from 'chai'
import type { Problem } from '../../observation/problem.ts'
import { rules } from '../rule-table.ts'
import { addressPoolsUsedUp } from './address-pools-used-up.ts'
import { advertiseAddressesOfTwoKinds } from './advertise-addresses-of-two-kinds.ts'
import { clientsInIngressSubnet } from './clients-in-ingress-subnet.ts'
import { foreignVxlanDevice } from './foreign-vxlan-device.ts'
import { changed, findingsFor, leftOverDevice } from './objects.fake.ts'
import { publishedPastFirewall } from './published-past-firewall.ts'
import { publishedPortWithoutRule } from './published-port-without-rule.ts'
import { stackIncomplete } from './stack-incomplete.ts'

const kernelOf = (seen: typeof leftOverDevice, node: string) => {
  const state = seen.kernel[node]
  if (state === undefined) throw new Error(`no ${node}`)
  return state
}

describe('a VXLAN device that no network of the swarm owns', () => {
  const rule = [foreignVxlanDevice]

  it('is named with the network that needs its VNI, and the tasks that are refused for it', () => {
    const [found, ...others] = findingsFor(rule, leftOverDevice)
    expect(others).to.deep.equal([])
    expect(found?.title).to.equal(
      'worker2: the left-over device vx-00100a-app12 holds VNI 4102 on UDP 4789, which the network zzapp needs: tasks of it are refused there',
    )
    expect(found).to.deep.include({ severity: 'advice', nodes: ['worker2'], networks: ['zzapp'] })
    expect(found?.proof).to.include('worker2: a task of zzapp is refused: its VXLAN device cannot be made')
    expect(found?.remedy[0]).to.contain('`ip link del vx-00100a-app12`')
  })

  it('is none with another VNI or port, and none where the network has its own device', () => {
    const other = (change: object) =>
      changed((seen) => {
        for (const link of kernelOf(seen, 'worker2').root.links)
          if (link.name.startsWith('vx-')) Object.assign(link.vxlan ?? {}, change)
      })
    expect(findingsFor(rule, other({ vni: 4103 }))).to.deep.equal([])
    expect(findingsFor(rule, other({ port: 8472 }))).to.deep.equal([])
    expect(findingsFor(rule, other({ vni: 4096 }))).to.deep.equal([])
  })

  it('is none that the kernel keeps apart: one of IPv6, or one created in the namespace of a container', () => {
    const leftOver = { vni: 4102, port: 4789 }
    const devicesOn = (more: object, namespace?: string) =>
      changed((seen) => {
        const { root, namespaces } = kernelOf(seen, 'worker2')
        const link = { name: 'vxlan.calico', up: true, vxlan: leftOver, addresses: [], ...more }
        root.links = root.links.filter(({ name }) => !name.startsWith('vx-'))
        if (namespace === undefined) root.links.push(link)
        else namespaces[namespace] = { links: [link] }
      })
    expect(findingsFor(rule, devicesOn({}))).to.have.lengthOf(1)
    expect(findingsFor(rule, devicesOn({ vxlan: { ...leftOver, ipv6: true } }))).to.deep.equal([])
    expect(findingsFor(rule, devicesOn({ createdHere: false }, '7c1b9e'))).to.have.lengthOf(1)
    expect(findingsFor(rule, devicesOn({ createdHere: true }, '7c1b9e'))).to.deep.equal([])
    expect(findingsFor(rule, devicesOn({ createdHere: false }))).to.deep.equal([])
  })

  it('is a cause of what is missed of ingress at its node, and of nothing elsewhere', () => {
    const calico = changed((seen) => {
      const { root, namespaces } = kernelOf(seen, 'worker1')
      kernelOf(seen, 'worker2').root.links = []
      root.links = [
        ...root.links,
        { name: 'vxlan.calico', up: true, vxlan: { vni: 4096, port: 4789 }, addresses: [] },
      ]
      for (const name of Object.keys(namespaces)) if (name.startsWith('1-fqbg7rptqg')) delete namespaces[name]
    })
    const problems: (Problem & { id: string })[] = [
      {
        id: 'ING-01',
        code: 'port-not-answered',
        kind: 'missed',
        node: 'worker1',
        port: 8080,
        protocol: 'TCP',
      },
      { id: 'ING-05', code: 'ingress-sandbox-missing', kind: 'missed', node: 'worker2' },
      { id: 'CTL-03', code: 'gossip-unanswered', kind: 'missed', node: 'worker1' },
    ]
    const [found] = findingsFor([...rules], calico, problems)
    expect(found?.title).to.match(
      /^worker1: vxlan\.calico holds VNI 4096 on UDP 4789, which the network ingress needs/,
    )
    expect(found).to.deep.include({ severity: 'cause', explains: ['ING-01'] })
  })

  it('of one that receives otherwise is in the way of every network that lacks a device there', () => {
    const external = (up: boolean) =>
      changed((seen) => {
        const { root } = kernelOf(seen, 'worker2')
        root.links = [
          ...root.links.filter(({ name }) => !name.startsWith('vx-')),
          { name: 'genev_sys', up, vxlan: { vni: 0, port: 4789, receives: ['external'] }, addresses: [] },
        ]
      })
    expect(findingsFor(rule, external(true))[0]?.title).to.match(
      /^worker2: genev_sys receives VXLAN on UDP 4789 for itself alone, which the network zzapp needs/,
    )
    expect(findingsFor(rule, external(false))).to.deep.equal([])
  })

  it('takes refused tasks of the stack from the finding that knows less', () => {
    const refused = { service: 'swp-web', node: 'worker2', state: 'Rejected' }
    const error = 'network sandbox join failed: error creating vxlan interface: file exists'
    const seen = changed(({ facts }) => facts.refused.push({ ...refused, error }))
    const missed: Problem & { id: string } = {
      ...{ id: 'OVL-03', code: 'not-delivered', kind: 'missed', node: 'worker2', network: 'zzapp' },
      ends: { from: 'swp-rr@manager', to: 'swp-web@worker2' },
    }
    expect(
      findingsFor([foreignVxlanDevice, stackIncomplete], seen, [missed]).map(({ code }) => code),
    ).to.deep.equal(['foreign-vxlan-device'])
    expect(findingsFor([stackIncomplete], seen, [missed])).to.deep.equal([])
    const without = changed((one) => {
      one.facts.refused.push({ ...refused, error })
      kernelOf(one, 'worker2').root.links = []
    })
    expect(findingsFor([foreignVxlanDevice, stackIncomplete], without, [missed])[0]?.code).to.equal(
      'stack-incomplete',
    )
    const ends = { from: 'swp-rr@manager', to: 'swp-both@worker2' }
    const running = changed((one) => {
      one.facts.refused.push({ ...refused, error })
      kernelOf(one, 'worker2').root.links = []
      one.facts.tasks.push({ service: 'swp-both', node: 'worker2', endpoints: {} })
    })
    expect(findingsFor([stackIncomplete], running, [{ ...missed, ends }])).to.deep.equal([])
    expect(findingsFor([stackIncomplete], running, [missed])[0]?.code).to.equal('stack-incomplete')
  })
})

describe('routes that leave an engine no pool', () => {
  const rule = [addressPoolsUsedUp]
  const vpn = (change: (seen: typeof leftOverDevice) => void = () => undefined) =>
    changed((seen) => {
      kernelOf(seen, 'worker2').root.routes = seen.routesOfVpn
      change(seen)
    })

  it('are advice while docker_gwbridge is there', () => {
    const [found] = findingsFor(rule, vpn())
    expect(found?.title).to.equal(
      'worker2: routes (128.0.0.0/1 dev eth0) cover all address pools: its engine can make no further bridge, nor docker_gwbridge again',
    )
    expect(found).to.deep.include({ severity: 'advice', nodes: ['worker2'] })
    expect(found?.remedy[0]).to.contain(
      'docker network create --subnet SUBNET -o com.docker.network.bridge.name=docker_gwbridge',
    )
  })

  it('are the cause of what is missed at a node without that bridge', () => {
    const bare = vpn((seen) => {
      const { root } = kernelOf(seen, 'worker2')
      root.links = root.links.filter(({ name }) => name !== 'docker_gwbridge')
    })
    const problems: (Problem & { id: string })[] = [
      {
        id: 'GWB-02',
        code: 'interface-missing',
        kind: 'missed',
        node: 'worker2',
        subject: 'docker_gwbridge',
      },
      {
        id: 'GWB-03',
        code: 'interface-missing',
        kind: 'missed',
        node: 'worker1',
        subject: 'docker_gwbridge',
      },
    ]
    const [found] = findingsFor(rule, bare, problems)
    expect(found).to.deep.include({ severity: 'cause', explains: ['GWB-02'] })
    expect(found?.title).to.contain('finds none for docker_gwbridge')
  })

  it('are none of a usual host', () => {
    expect(findingsFor(rule, leftOverDevice)).to.deep.equal([])
  })
})

describe('advertise addresses of two kinds', () => {
  const rule = [advertiseAddressesOfTwoKinds]
  const other = changed(({ objects }) => {
    for (const one of objects.nodes) if (one.node === 'worker2') one.address = '172.31.250.15'
  })

  it('are named with the node, both addresses and how it joins again', () => {
    const problem: Problem & { id: string } = {
      ...{ id: 'CTL-04', code: 'data-never-left', kind: 'missed', path: { from: 'worker2', to: 'manager' } },
    }
    const [found] = findingsFor([...rules], other, [problem])
    expect(found?.title).to.equal(
      'worker2 advertises 172.31.250.15 (eth0), the others addresses of 192.168.56.0/24, where worker2 has 192.168.56.13 (eth1)',
    )
    expect(found).to.deep.include({ code: 'advertise-addresses-of-two-kinds', severity: 'cause' })
    expect(found?.explains).to.deep.equal(['CTL-04'])
    expect(found?.remedy[0]).to.contain('--advertise-addr 192.168.56.13')
  })

  it('are advice where nothing was missed, and none where all are of one kind', () => {
    expect(findingsFor(rule, other)[0]?.severity).to.equal('advice')
    const seen: Problem & { id: string } = {
      ...{ id: 'VXL-07', code: 'frame-altered', kind: 'seen', node: 'worker2' },
    }
    expect(findingsFor(rule, other, [seen])[0]).to.include({ severity: 'advice' })
    expect(findingsFor(rule, leftOverDevice)).to.deep.equal([])
  })
})

describe('published ports of operators', () => {
  it('are told with where they are open and who is not asked', () => {
    const [found] = findingsFor([publishedPastFirewall], leftOverDevice)
    expect(found?.title).to.equal(
      '8099/tcp of zzweb: open at every address of all 3 nodes; rules of INPUT are not asked about published ports',
    )
    expect(found?.proof).to.include.members([
      'worker1: open at 172.31.250.15, 192.168.56.12',
      'zzweb: 8099/tcp, in the mesh, on manager, worker1, worker2',
      'worker1: no rule drops 8099/tcp, neither in INPUT nor where it is forwarded',
    ])
  })

  it('in host mode are told of where their tasks are', () => {
    const host = changed(({ objects }) => {
      for (const one of objects.services)
        if (one.name === 'zzweb')
          one.published.push({ ...one.published[0], publishedPort: 8098, mode: 'host' })
    })
    const [found] = findingsFor([publishedPastFirewall], host)
    expect(found?.title).to.match(/^8099\/tcp of zzweb: open at every address of all 3 nodes/)
    expect(found?.proof).to.include('zzweb: 8098/tcp, host mode, on worker1')
  })

  it('are open past a firewall that would drop them', () => {
    const closed = changed((seen) => {
      kernelOf(seen, 'worker1').root.policies = [
        { table: 'filter', chain: 'INPUT', policy: 'DROP', packets: 0 },
      ]
    })
    const [found] = findingsFor([publishedPastFirewall], closed)
    expect(found?.title).to.equal(
      '8099/tcp of zzweb: open past the firewall of worker1, whose INPUT would drop it and is not asked',
    )
    expect(found?.remedy[0]).to.contain('--ctorigdstport 8099')
  })

  it('are nothing to tell of where only the run publishes', () => {
    const own = changed(({ objects }) => {
      for (const one of objects.services) if (one.name === 'zzweb') one.published.length = 0
    })
    expect(findingsFor([publishedPastFirewall, clientsInIngressSubnet], own)).to.deep.equal([])
    const near = changed((seen) => {
      for (const one of seen.objects.services) if (one.name === 'zzweb') one.published.length = 0
      kernelOf(seen, 'worker1').root.routes.push({ destination: '10.0.0.0/16', device: 'eth0' })
    })
    expect(findingsFor([clientsInIngressSubnet], near)[0]?.title).to.equal(
      'Clients in 10.0.0.0/24, the subnet of ingress, are never answered by published ports: worker1 has addresses or routes there',
    )
    const existing = changed(({ facts, objects }) => {
      facts.owned = false
      for (const one of objects.services) one.published.length = 0
    })
    expect(findingsFor([clientsInIngressSubnet], existing)).to.have.lengthOf(1)
  })

  it('without a rule on one node are named with port, service and node', () => {
    const at = (node: string): Problem & { id: string } => ({
      ...{ id: 'ING-05', code: 'port-not-translated', kind: 'missed', node, service: 'zzweb' },
      ...{ network: 'ingress', port: 8099, protocol: 'TCP', subject: 'nat' },
    })
    const [found] = findingsFor([publishedPortWithoutRule], leftOverDevice, [at('worker1')])
    expect(found?.title).to.equal(
      "8099/tcp of zzweb has no rule on worker1: requests to that node's port fail, those to manager and worker2 do not",
    )
    expect(found?.explains).to.deep.equal(['ING-05'])
    const other: Problem & { id: string } = {
      ...{
        id: 'ING-01',
        code: 'port-not-answered',
        kind: 'missed',
        node: 'worker1',
        port: 8080,
        protocol: 'TCP',
      },
    }
    expect(
      findingsFor([publishedPortWithoutRule], leftOverDevice, [at('worker1'), other])[0]?.explains,
    ).to.deep.equal(['ING-05'])
    const byUdp = { ...other, port: 8099, protocol: 'UDP' }
    expect(
      findingsFor([publishedPortWithoutRule], leftOverDevice, [at('worker1'), byUdp])[0]?.explains,
    ).to.deep.equal(['ING-05'])
    const everywhere = ['manager', 'worker1', 'worker2'].map(at)
    expect(findingsFor([publishedPortWithoutRule], leftOverDevice, everywhere)).to.deep.equal([])
  })
})
