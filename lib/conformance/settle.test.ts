import { expect } from 'chai'
import type { HostState } from '../observe/host-state.ts'
import type { ClusterNode } from '../swarm/cluster.ts'
import type { Stack } from '../swarm/stack.ts'
import { unsettled } from './settle.ts'

const on = { left: 'ip daddr', values: ['10.91.1.2'] }

describe('waiting for the kernels', () => {
  const node = { host: { name: 'worker1' } } as ClusterNode
  const network = (name: string) => ({ name, id: `${name}-id-that-is-long` })
  const names = ['clear', 'secret', 'auto', 'extra', 'shop', 'ingress']
  const web = { service: 'web', node, endpoints: { clear: {}, ingress: { address: '10.0.0.3' } } }
  const stack = {
    networks: Object.fromEntries(names.map((name) => [name, network(name)])),
    services: { web: { name: 'web' } },
    tasks: [web],
  } as unknown as Stack
  const missing = (present: boolean, loadable: readonly string[]): string[] => {
    const state = {
      namespaces: {},
      unavailable: [],
      kernelModules: { ip_vs: present },
      loadableModules: loadable,
    }
    return unsettled(stack, [node], new Map([['worker1', state as unknown as HostState]]))
  }

  it('is for balancing where they can balance or may yet load what they need', () => {
    expect(missing(true, []).join()).to.contain('does not balance to web')
    expect(missing(false, ['ip_vs']).join()).to.contain('does not balance to web')
  })

  it('is not for a balancer that chooses the task at random, and for entries by whichever number an overlay has', () => {
    const random = [
      { rules: [{ handle: 1, verdict: '', random: true, leadsTo: '10.0.0.3', conditions: [on] }] },
    ]
    const remote = {
      service: 'web',
      node: { host: { name: 'worker2' } },
      endpoints: { clear: { mac: 'aa' } },
    }
    const state = (mac: string) => ({
      ...{ unavailable: [], kernelModules: { ip_vs: true }, loadableModules: [] },
      namespaces: {
        '2-clear-id-t': { fdb: [{ mac }], ipvs: [] },
        'lb_clear-id-': { ipvs: [], nftables: random },
        ingress_sbox: { ipvs: [], nftables: random },
      },
    })
    const unsettledIn = (mac: string) =>
      unsettled(
        { ...stack, tasks: [...stack.tasks, remote] } as unknown as Stack,
        [node],
        new Map([['worker1', state(mac) as unknown as HostState]]),
      ).filter((what) => !what.includes('on worker2') || what.includes('forwarding'))
    expect(unsettledIn('aa').join()).to.not.contain('forwarding').and.not.contain('ingress_sbox')
    expect(unsettledIn('bb').join()).to.contain('clear has no forwarding entry for web on worker2')
  })

  it('is not for what they will never have', () => {
    expect(missing(false, [])).to.deep.equal([])
  })

  it('is for balancing by rules of nftables, whatever the kernel has of IPVS', () => {
    const rule = { handle: 1, verdict: '', random: true, leadsTo: '10.0.0.9', conditions: [on] }
    const state = {
      ...{ unavailable: [], kernelModules: { ip_vs: false }, loadableModules: [] },
      namespaces: { ingress_sbox: { ipvs: [], nftables: [{ rules: [rule] }] } },
    }
    const waiting = unsettled(stack, [node], new Map([['worker1', state as unknown as HostState]]))
    expect(waiting.join()).to.contain('ingress_sbox does not balance to web')
  })
})
