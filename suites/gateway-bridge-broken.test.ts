import { expect } from 'chai'
import type { HostState } from '../lib/observe/host-state.ts'
import { allOf, deleted } from './changed-firewall.fake.ts'
import { causesOf, explainWithKernel } from './golden/altered-case.fake.ts'
import type { Changeable } from './stored/changed-kernel.fake.ts'

type State = Changeable<HostState>

/** Published ports of worker2 are silent, and no rule of its firewall drops anything. */
const silent = (change: (state: State) => void) =>
  explainWithKernel(
    'forward-dropped',
    allOf(deleted(/^filter FORWARD -i eth1 -o docker_gwbridge -j DROP$/, 'worker2'), (state, node) => {
      if (node === 'worker2') change(state)
    }),
  )

const bridge = ({ root }: State): State['root']['links'][number] => {
  const found = root.links.find(({ name }) => name === 'docker_gwbridge')
  if (found === undefined) throw new Error('there is no docker_gwbridge')
  return found
}

/** In the host’s own namespace. */
const portOfSandbox = ({ root, namespaces }: State): State['root']['links'][number] => {
  const inside = namespaces['ingress_sbox']?.links.find(({ name }) => name === 'eth1')
  const found = root.links.find(({ index }) => index === inside?.peerIndex)
  if (found === undefined) throw new Error('the sandbox has no port')
  return found
}

describe('docker_gwbridge that is not as the engine made it', function () {
  this.timeout(30_000)
  const here = [['gateway-bridge-broken', ['worker2']]]

  it('is the cause where it is down, has no address, or lacks the port of the ingress sandbox', () => {
    for (const [change, told] of [
      [(state: State) => void (bridge(state).up = false), 'is down'],
      [(state: State) => void (bridge(state).addresses = []), 'has no IPv4 address'],
      [(state: State) => void delete portOfSandbox(state).master, 'lacks the port of the ingress sandbox'],
      [(state: State) => void (portOfSandbox(state).up = false), 'lacks the port of the ingress sandbox'],
    ] as const) {
      const found = silent(change)
      expect(causesOf(found), told).to.deep.equal(here)
      expect(found.findings[0]?.title).to.contain(`docker_gwbridge of worker2 ${told}`)
    }
  })

  it('is none where another port is off it, or where its ends are not known', () => {
    const others = (state: State): void => {
      const port = portOfSandbox(state)
      for (const one of state.root.links) if (one.kind === 'veth' && one !== port) delete one.master
    }
    const unknown = (state: State): void => {
      delete portOfSandbox(state).master
      for (const one of state.namespaces['ingress_sbox']?.links ?? []) delete one.peerIndex
    }
    for (const change of [others, unknown, () => {}]) expect(causesOf(silent(change))).to.deep.equal([])
  })

  it('is another matter where its route alone is gone', () => {
    const found = silent(({ root }) => {
      root.routes = root.routes.filter(({ device }) => device !== 'docker_gwbridge')
    })
    expect(causesOf(found)).to.deep.equal([['container-traffic-routed-away', ['worker2']]])
    expect(found.findings[0]?.title).to.contain('it has no route by docker_gwbridge')
  })
})
