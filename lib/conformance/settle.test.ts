import { expect } from 'chai'
import type { HostState } from '../observe/host-state.ts'
import type { ClusterNode } from '../swarm/cluster.ts'
import type { Stack } from '../swarm/stack.ts'
import { unsettled } from './settle.ts'

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

  it('is not for what they will never have', () => {
    expect(missing(false, [])).to.deep.equal([])
  })
})
