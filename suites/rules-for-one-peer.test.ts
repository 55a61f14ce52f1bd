import { expect } from 'chai'
import { allOf, deleted, inserted } from './changed-firewall.fake.ts'
import { causesOf, explainWithKernel } from './golden/altered-case.fake.ts'
import type { ChangeKernel } from './stored/changed-kernel.fake.ts'

/** With a counter that rose meanwhile. */
const rising =
  (node: string, chain: string, rule: string, table = 'filter'): ChangeKernel =>
  (state, name, reading) =>
    inserted(node, table, chain, rule, reading === 'kernel' ? 0 : 400)(state, name, reading)

const [manager, worker1, worker2] = ['192.168.56.11', '192.168.56.12', '192.168.56.13'] as const

describe('a firewall rule for one peer', function () {
  this.timeout(60_000)

  it('is no cause of what a node misses of another, where it arrives', () => {
    const vxlanLost = causesOf(explainWithKernel('vxlan-lost', () => {}))
    const ofManager = rising('worker2', 'INPUT', `-s ${manager}/32 -p udp -m udp --dport 4789 -j DROP`)
    expect(causesOf(explainWithKernel('vxlan-lost', ofManager))).to.deep.equal(vxlanLost)
    const ofWorker1 = rising('worker2', 'INPUT', `-s ${worker1}/32 -p udp -m udp --dport 4789 -j DROP`)
    expect(causesOf(explainWithKernel('vxlan-lost', ofWorker1))[0]).to.deep.equal([
      'host-firewall-drops',
      ['worker2'],
    ])
  })

  it('is no cause of what a node misses of another, where it leaves', () => {
    const espLost = causesOf(explainWithKernel('esp-lost', () => {}))
    const toManager = rising('worker1', 'OUTPUT', `-d ${manager}/32 -p esp -j DROP`)
    expect(causesOf(explainWithKernel('esp-lost', toManager))).to.deep.equal(espLost)
    const toWorker2 = rising('worker1', 'POSTROUTING', `-d ${worker2}/32 -p esp -j DROP`, 'mangle')
    expect(causesOf(explainWithKernel('esp-lost', toWorker2))[0]?.[0]).to.equal('outgoing-dropped')
  })
})

describe('a firewall that drops VXLAN where it arrives', function () {
  this.timeout(60_000)
  const atManager = (...changes: readonly ChangeKernel[]) =>
    explainWithKernel(
      'arriving-vxlan-dropped',
      allOf(deleted(/^raw PREROUTING -p udp -m udp --dport 4789 -j DROP$/, 'manager'), ...changes),
    ).findings.map(({ code, nodes, networks }) => ({ code, nodes, networks }))
  const dropped = (...networks: readonly string[]) => ({
    ...{ code: 'host-firewall-drops', nodes: ['manager'], networks },
  })

  it('drops it a second time where IPsec has decrypted it', () => {
    const drop = rising('manager', 'PREROUTING', '-p udp -m udp --dport 4789 -j DROP', 'mangle')
    expect(atManager(drop)[0]).to.deep.equal(dropped('swp-clear', 'swp-secret', 'swp-ovl11-open'))
  })

  it('is told beside one that drops ESP, which then takes what is encrypted', () => {
    const drop = rising('manager', 'INPUT', '-p udp -m udp --dport 4789 -j DROP')
    const [ofVxlan, ofEsp] = atManager(drop, rising('manager', 'INPUT', '-p esp -j DROP'))
    expect(ofVxlan).to.deep.equal(dropped('swp-clear', 'swp-ovl11-open'))
    expect(ofEsp).to.deep.equal(dropped('swp-secret'))
  })

  it('lets it pass where its rule is for what no IPsec was on', () => {
    const drop = rising(
      'manager',
      'INPUT',
      '-p udp -m policy --dir in --pol none -m udp --dport 4789 -j DROP',
    )
    expect(atManager(drop)[0]).to.deep.equal(dropped('swp-clear', 'swp-ovl11-open'))
  })
})
