import { expect } from 'chai'
import type { Problem } from '../lib/observation/problem.ts'
import { explainWithKernel } from './golden/altered-case.fake.ts'
import { causesWhere as causesOf } from './stored/causes-where.fake.ts'
import type { ChangeKernel } from './stored/changed-kernel.fake.ts'

interface Exchange {
  wires: Record<string, { got: { frames: Frame[] } }>
}

interface Frame {
  egress: boolean
  inner?: { ether?: { source: string }; ip?: { source: string; ttl: number } }
}

type Namespace = Parameters<ChangeKernel>[0]['namespaces'][string]

/** What the golden case is explained by, with other kernels or other frames. */
const causesWhere = (frames: (frame: Frame, node: string) => void = () => {}) =>
  explainWithKernel('hop-off-ttl', () => {}, {
    exchange(seen) {
      for (const [node, { got }] of Object.entries((seen as Exchange).wires))
        for (const frame of got.frames) frames(frame, node)
    },
  }).findings.filter(({ severity }) => severity === 'cause')

const shortened = 63
const isOfTask = ({ inner }: Frame): boolean => inner?.ip?.ttl === shortened

describe('a task that sends with another TTL', () => {
  it('is named by its frames, which left its node with its own MAC', () => {
    const [first, ...others] = causesWhere()
    expect(first).to.deep.include({ code: 'ttl-of-task', nodes: ['worker2'], explains: ['VXL-02'] })
    expect(first?.title).to.match(/^swp-rr@worker2 sends with a TTL of 63: /)
    expect(others).to.deep.equal([])
  })

  it('is named by the setting of its namespace, or a rule there, where one says so', () => {
    const taken: Problem = {
      ...{ code: 'hop-taken', kind: 'seen', node: 'worker2', network: 'swp-clear', observed: shortened },
      ...{ path: { from: 'worker2', to: 'manager' }, expected: '64, 128, 255' },
      ends: { from: 'swp-rr@worker2', to: 'swp-web@manager' },
    }
    const titleWhere = (name: string, change: (namespace: Namespace) => void): string | undefined =>
      causesOf({ 'VXL-02': [taken] }, ({ namespaces }, node) => {
        const inside = namespaces[name]
        if (node === 'worker2' && inside !== undefined) change(inside)
      })[0]?.title
    const set = (value: string) => (one: Namespace) => {
      one.settings = { ...one.settings, 'net.ipv4.ip_default_ttl': value }
    }
    const task = '30f8691a4f68'
    expect(titleWhere(task, set('63'))).to.equal(
      'swp-rr@worker2 sends with a TTL of 63: net.ipv4.ip_default_ttl = 63 in its namespace',
    )
    const rule = '-j TTL --ttl-set 63'
    const byRule = titleWhere(task, ({ firewall }) =>
      firewall.push({ table: 'mangle', chain: 'POSTROUTING', position: 1, rule, packets: 9, bytes: 0 }),
    )
    expect(byRule).to.equal(
      `swp-rr@worker2 sends with a TTL of 63: iptables -t mangle -A POSTROUTING ${rule} in its namespace`,
    )
    for (const [name, value] of [
      [task, '128'],
      ['3bf286ea1969', '63'],
    ] as const)
      expect(titleWhere(name, set(value))).to.match(/it left its node so, with its own MAC$/)
  })

  it('is none where a router took the hop, or its own node did not see it leave so', () => {
    const routed = causesWhere((frame) => {
      if (isOfTask(frame) && frame.inner?.ether !== undefined) frame.inner.ether.source = '02:00:00:00:00:01'
    })
    expect(routed.map(({ code }) => code)).to.not.include('ttl-of-task')
    const later = causesWhere((frame, node) => {
      if (node === 'worker2' && frame.egress && isOfTask(frame) && frame.inner?.ip !== undefined)
        frame.inner.ip.ttl = 64
    })
    expect(later.map(({ code }) => code)).to.not.include('ttl-of-task')
    const everybody = causesWhere(({ inner }) => {
      if (inner?.ip !== undefined) inner.ip.ttl = shortened
    })
    expect(everybody.map(({ code }) => code)).to.not.include('ttl-of-task')
  })
})
