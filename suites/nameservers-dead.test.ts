import { expect } from 'chai'
import { inserted } from './changed-firewall.fake.ts'
import { explainAltered, explainWithKernel } from './golden/altered-case.fake.ts'
import { causesWhere as storedCausesWhere } from './stored/causes-where.fake.ts'
import type { Problem } from '../lib/observation/problem.ts'
import type { ChangeKernel } from './stored/changed-kernel.fake.ts'

/** Questions of worker2 and of a task on it are dropped; with other rules in the place of those. */
const causesWhere = (change: ChangeKernel, changeSeen: (seen: Inherited) => void = () => {}) =>
  explainWithKernel('upstream-unreachable', change, { 'DSC-06': (seen) => changeSeen(seen as Inherited) })
    .findings.filter(({ severity }) => severity === 'cause')
    .map(({ code, nodes, explains, title }) => ({ code, nodes, explains, title }))

interface Inherited {
  names: { node: string; by: string; probe: { outcome: string; dns?: object } }[]
}

const isDrop = ({ rule }: { readonly rule: string }): boolean => rule.includes('--dport 53 -j DROP')

describe('nameservers that are not reached', function () {
  this.timeout(30_000)

  it('are named with the rule of the host that drops the questions, and that of the task', () => {
    const [first, ...others] = causesWhere(() => {})
    expect(first).to.deep.include({ code: 'nameservers-dead', nodes: ['worker2'], explains: ['DSC-06'] })
    expect(first?.title).to.contain(
      'iptables -t filter -A OUTPUT ! -d 127.0.0.11/32 -p udp -m udp --dport 53 -j DROP',
    )
    expect(others).to.deep.equal([])
  })

  it('are so by another tool, chain or policy', () => {
    const [byNft] = causesWhere((state, node) => {
      state.root.firewall = state.root.firewall.filter((rule) => !isDrop(rule))
      if (node !== 'worker2') return
      const conditions = [{ left: 'udp dport', values: ['53'] }]
      state.nftables = [
        {
          ...{ family: 'inet', table: 'hardened', chain: 'out', hook: 'output', kind: 'filter', priority: 0 },
          ...{ policy: 'accept', rules: [{ handle: 3, verdict: 'drop', conditions }] },
        },
      ]
    })
    expect(byNft).to.deep.include({ code: 'nameservers-dead', nodes: ['worker2'] })
    expect(byNft?.title).to.contain('nft inet hardened out: udp dport 53 drop')
    const [byMangle] = causesWhere(({ root }) => {
      for (const rule of root.firewall)
        if (isDrop(rule)) Object.assign(rule, { table: 'mangle', chain: 'POSTROUTING' })
    })
    expect(byMangle?.title).to.contain('iptables -t mangle -A POSTROUTING ')
  })

  it('are not said to be down where the host drops what they answer', () => {
    const silent: Problem = {
      ...{ code: 'nameservers-silent', kind: 'missed', node: 'worker2', subject: 'example.com' },
      address: '172.31.250.3',
    }
    const after =
      (change: ChangeKernel): ChangeKernel =>
      (state, node, reading) => {
        if (reading === 'kernel-after') change(state, node, reading)
      }
    const dropping: ChangeKernel = ({ root }, node) => {
      for (const policy of root.policies ?? [])
        if (node === 'worker2' && policy.table === 'filter' && policy.chain === 'INPUT')
          Object.assign(policy, { policy: 'DROP', packets: policy.packets + 50 })
    }
    const causes = (change: ChangeKernel) => storedCausesWhere({ 'DSC-08': [silent] }, after(change))
    const udp = inserted('worker2', 'filter', 'INPUT', '-i eth0 -p udp -j DROP', 12)
    for (const change of [dropping, udp]) {
      const [first] = causes(change)
      expect(first).to.deep.include({ code: 'nameservers-dead', nodes: ['worker2'] })
      expect(first?.title).to.match(/own firewall drops the answers: iptables -t filter -[AP] INPUT /)
      expect(first?.cause).to.not.contain('is down')
    }
    const answers = '-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT'
    const accepting = inserted('worker2', 'filter', 'INPUT', answers, 90)
    for (const change of [dropping, udp, inserted('worker2', 'filter', 'INPUT', '-i eth1 -p udp -j DROP')]) {
      const both: ChangeKernel = (...given) => {
        change(...given)
        accepting(...given)
      }
      expect(causes(both)[0]?.cause).to.contain('is down')
    }
  })

  it('are another matter where the host is answered, and where only the task’s own rule drops', () => {
    const ofTask = { code: 'namespace-firewall-drops', nodes: ['worker2'], explains: ['DSC-06'] }
    const answered = causesWhere(
      () => {},
      ({ names }) => {
        for (const { node, by, probe } of names)
          if (node === 'worker2' && by === 'host')
            Object.assign(probe, { outcome: 'answered', dns: { rcode: 'NXDOMAIN', addresses: [] } })
      },
    )
    const undropped = causesWhere(({ root }) => {
      root.firewall = root.firewall.filter((rule) => !isDrop(rule))
    })
    const uncounted = causesWhere(({ root }) => {
      for (const rule of root.firewall) if (isDrop(rule)) rule.packets = 0
    })
    for (const found of [answered, undropped, uncounted]) {
      expect(found).to.have.lengthOf(1)
      expect(found[0]).to.deep.include(ofTask)
    }
  })
})

describe('a nameserver of the host itself', function () {
  this.timeout(20_000)
  const titleAt = (address: string): string | undefined =>
    explainAltered('upstream-unreachable', (_, stored) => {
      if (stored.seen !== undefined)
        stored.seen = JSON.parse(JSON.stringify(stored.seen).replaceAll('172.31.250.3', address)) as unknown
    }).findings.find(({ code }) => code === 'nameservers-dead')?.title

  it('is not said to answer other hosts, which have their own at the same address', () => {
    expect(titleAt('172.31.250.4')).to.contain('172.31.250.4, which answers manager and worker1')
    expect(titleAt('127.0.0.53')).to.match(/^No nameserver of worker2 answers it: 127\.0\.0\.53;/)
  })
})
