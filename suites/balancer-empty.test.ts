import { expect } from 'chai'
import type { Problem } from '../lib/observation/problem.ts'
import type { HostState } from '../lib/observe/host-state.ts'
import { causesWhere, withoutRules } from './stored/causes-where.fake.ts'
import type { Changeable } from './stored/changed-kernel.fake.ts'

type State = Changeable<HostState>
type Namespace = State['namespaces'][string]

const refused: Problem = {
  ...{ code: 'port-not-answered', kind: 'missed', node: 'worker1', port: 8080, protocol: 'TCP' },
  observed: 'refused',
}

/** Of the network swp-clear, whose addresses are these: the balancer of a node, and a virtual IP that it marks. */
function ofClear({ namespaces }: State): { readonly balancer: Namespace; readonly vip: string } {
  for (const [name, balancer] of Object.entries(namespaces))
    for (const { rule } of balancer.firewall) {
      const vip = /-d (10\.91\.1\.\d+)\/32 .*MARK/.exec(rule)?.[1]
      if (name.startsWith('lb_') && vip !== undefined) return { balancer, vip }
    }
  throw new Error('no balancer marks anything')
}

const inIngress =
  (change: (sandbox: Namespace) => void, on = ['worker1']) =>
  (state: State, node: string): void => {
    const sandbox = state.namespaces['ingress_sbox']
    if (sandbox === undefined) throw new Error('there is no ingress_sbox')
    if (on.includes(node)) change(sandbox)
  }

const noService = (sandbox: Namespace): void => void (sandbox.ipvs = [])
const noTask = (sandbox: Namespace): void =>
  void (sandbox.ipvs = sandbox.ipvs.map((one) => ({ ...one, destinations: [] })))
const weighing =
  (weights: (index: number) => number) =>
  (sandbox: Namespace): void =>
    void (sandbox.ipvs = sandbox.ipvs.map((one) => ({
      ...one,
      destinations: one.destinations.map((task, index) => ({ ...task, weight: weights(index) })),
    })))

describe('a balancer that sends to nobody', function () {
  // Each is a diagnosis of three hosts.
  this.timeout(60_000)
  const found = (...words: Parameters<typeof causesWhere>) =>
    causesWhere(...words).map(({ code, nodes }) => [code, nodes])
  const asked = { 'ING-01': [refused] }

  it('is the cause, of a port at its node: without service, without task, or with weights of 0', () => {
    for (const [change, told] of [
      [noService, 'no service for that mark'],
      [noTask, 'a service for that mark without any task'],
      [weighing(() => 0), 'all tasks for that mark with the weight 0'],
    ] as const) {
      const [first, ...others] = causesWhere(asked, inIngress(change))
      expect(first, told).to.deep.include({ code: 'balancer-empty', nodes: ['worker1'] })
      expect(first?.title).to.match(
        new RegExp(`^On worker1 IPVS sends connections to 8080/tcp of swp-web to nobody: .*${told}$`),
      )
      expect(first?.explains).to.deep.equal(['ING-01'])
      expect(others).to.deep.equal([])
    }
  })

  it('is the cause of a virtual IP, wherever it is asked, on all nodes too', () => {
    let address = ''
    const change = (state: State): void => {
      const { balancer, vip } = ofClear(state)
      noService(balancer)
      address = vip
    }
    causesWhere({}, change)
    const silent = ['manager', 'worker1', 'worker2'].map((node): Problem => ({
      ...{ code: 'virtual-ip-silent', kind: 'missed', node, address, protocol: 'TCP' },
      ...{ network: 'swp-clear', observed: 'refused' },
    }))
    const causes = causesWhere({ 'DSC-04': silent }, change)
    expect(causes.map(({ code, nodes }) => [code, nodes])).to.deep.equal([
      ['balancer-empty', ['manager', 'worker1', 'worker2']],
    ])
    expect(causes[0]?.title).to.contain(`${address} of swp-web to nobody`)
  })

  it('is none where it sends to somebody, another node is silent, or there is no mark', () => {
    const one = weighing((index) => (index === 0 ? 0 : 1))
    expect(found(asked, inIngress(one))).to.deep.equal([])
    expect(found(asked, inIngress(noService, ['worker2']))).to.deep.equal([])
    const unmarked = inIngress((sandbox) => {
      noService(sandbox)
      withoutRules(sandbox, ({ rule }) => / --dport 8080 .*MARK/.test(rule) || /-d \S+\/32 .*MARK/.test(rule))
    })
    expect(found(asked, unmarked).map(([code]) => code)).to.not.include('balancer-empty')
  })

  it('is none of a port that is entered elsewhere, whoever asks, of another port, and of names', () => {
    const elsewhere: Problem = { ...refused, node: 'manager', path: { from: 'worker1', to: 'manager' } }
    const other: Problem = { ...refused, protocol: 'UDP' }
    const empty = inIngress(noService)
    expect(found({ 'ING-01': [elsewhere] }, empty)).to.deep.equal([])
    expect(found({ 'ING-01': [other] }, empty)).to.deep.equal([])
    const entered: Problem = { ...refused, path: { from: 'manager', to: 'worker1' } }
    expect(found({ 'ING-01': [entered] }, empty)).to.deep.equal([['balancer-empty', ['worker1']]])
    const unnamed: Problem = {
      ...{ code: 'name-lacks-task', kind: 'missed', node: 'worker1' },
      ...{ network: 'swp-clear', service: 'swp-web', subject: 'swp-web@worker2' },
    }
    const everywhere = (state: State): void => noService(ofClear(state).balancer)
    expect(found({ 'DSC-02': [unnamed] }, everywhere).map(([code]) => code)).to.not.include('balancer-empty')
  })

  it('is none where the only task has had no weight for less than the run', () => {
    const single =
      (weight: number) =>
      (sandbox: Namespace): void =>
        void (sandbox.ipvs = sandbox.ipvs.map((one) => ({
          ...one,
          destinations: one.destinations.slice(0, 1).map((task) => ({ ...task, weight })),
        })))
    const ending =
      (when: string) =>
      (state: State, node: string, reading: string): void =>
        inIngress(single(reading === when ? 1 : 0))(state, node)
    expect(found(asked, ending('kernel'))).to.deep.equal([])
    expect(found(asked, ending('never'))).to.deep.equal([['balancer-empty', ['worker1']]])
  })

  it('is none where rules of nftables balance, or nothing could be read', () => {
    const random = { text: 'dnat to numgen random', conditions: [], verdict: 'dnat', random: true }
    const byRules = inIngress((sandbox) => {
      noService(sandbox)
      const chain = { family: 'ip', table: 'docker-ingress', chain: 'balance', rules: [random] }
      sandbox.nftables = [chain] as unknown as NonNullable<Namespace['nftables']>
    })
    expect(found(asked, byRules)).to.deep.equal([])
    const blind = (state: State, node: string): void => {
      inIngress(noService)(state, node)
      if (node === 'worker1')
        state.unavailable = [{ what: 'IPVS', tool: 'ipvsadm', package: 'ipvsadm' }] as never
    }
    expect(found(asked, blind)).to.deep.equal([])
  })
})
