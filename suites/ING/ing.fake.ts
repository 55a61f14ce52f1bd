import { expect } from 'chai'
import { decide } from '../../lib/conformance/decide.ts'
import type { ConformanceTest } from '../../lib/conformance/test.ts'
import type { Judgement } from '../../lib/observation/judgement.ts'
import type { ProbeSeen } from '../../lib/observation/probe-seen.ts'
import type { ClusterFacts, ServiceFacts, TaskFacts } from '../../lib/observation/facts.ts'
import { task, threeNodes } from '../three-nodes.fake.ts'

const addresses = new Map([
  ['manager', '192.168.56.11'],
  ['worker1', '192.168.56.12'],
  ['worker2', '192.168.56.13'],
])
export const nodes = [...addresses.keys()]
export const others = nodes.flatMap((from) => nodes.filter((to) => to !== from).map((to) => ({ from, to })))
export const everyWay = [...others, ...nodes.map((node) => ({ from: node, to: node }))]

export type Port = ServiceFacts['published'][number]
export const port = (protocol: 'tcp' | 'udp', publishedPort: number, more: Partial<Port> = {}): Port => ({
  ...{ protocol, publishedPort, targetPort: 80, mode: 'ingress', ...more },
})
export const service = (name: string, published: readonly Port[], vips = {}): ServiceFacts => ({
  ...{ id: `service-${name}`, name: `swp-${name}`, endpointMode: 'vip', vips, published },
})
export const three = threeNodes()
export const withIngress = (one: TaskFacts, last: number): TaskFacts => {
  const endpoint = { address: `10.0.0.${last}`, mac: `02:42:0a:00:00:${last}`, prefixLength: 24 }
  return { ...one, endpoints: { ...one.endpoints, ingress: endpoint } }
}
export const facts = threeNodes({
  services: {
    ...three.services,
    web: service('web', [port('tcp', 18080)]),
    dual: service('dual', [
      ...[port('tcp', 18081), port('udp', 18081, { targetPort: 7007 }), port('tcp', 18082)],
    ]),
    here: service('here', [port('tcp', 18083, { mode: 'host' })]),
    front: service('front', []),
  },
  tasks: [
    ...three.tasks.map((one, index) => (one.service === 'swp-web' ? withIngress(one, 20 + index) : one)),
    ...[withIngress(task('dual', 'worker1', 8), 30), withIngress(task('dual', 'worker2', 9), 31)],
    ...[task('here', 'worker1', 10), task('front', 'worker1', 11), task('front', 'worker2', 12)],
  ],
})
const networks = Object.fromEntries(
  Object.entries(facts.networks).filter(([role]) => role !== 'ingress'),
) as ClusterFacts['networks']
export const noIngress: ClusterFacts = { ...facts, networks }

export const judge = (test: ConformanceTest, seen: unknown, of = facts): Judgement =>
  test.judge?.(JSON.parse(JSON.stringify(seen)), of) ?? expect.fail('no judge')
export const outcomeOf = (judged: Judgement): string => decide(judged, { sharesKernel: false }).outcome
export const codes = ({ problems }: Judgement): string[] => problems.map(({ code }) => code)

export const http = (way: { from: string; to: string }, number: number, body: string, more = {}) => ({
  ...way,
  probe: {
    ...{ kind: 'tcp', from: way.from, fromNode: way.from, to: addresses.get(way.to) ?? way.to, port: number },
    ...{ outcome: body === '' ? 'timeout' : 'answered', elapsedMs: body === '' ? 5000 : 4, attempts: [] },
    ...{ replies: [body], replyBytes: [body.length], ...more },
  } as ProbeSeen,
})
export const datagram = (way: { from: string; to: string }, number: number, outcome: string, echoed = true) =>
  http(way, number, '', { kind: 'udp', outcome, ...(outcome === 'answered' ? { echoed } : {}) })

/** The mesh as three nodes show it: both tasks of `web` answer on each, and nothing else does. */
export const meshSeen = (answer: (way: { from: string; to: string }, turn: number) => string) => ({
  mesh: {
    asked: [
      ...everyWay.flatMap((way) =>
        [0, 1, 2, 3].map((turn) => ({ what: 'published', ...http(way, 18080, answer(way, turn)) })),
      ),
      ...others.flatMap((way) => [
        { what: 'target port', ...http(way, 80, '', { outcome: 'refused', errno: 'ECONNREFUSED' }) },
        { what: 'other protocol', ...datagram(way, 18080, 'timeout') },
        { what: 'task address', ...http(way, 80, '') },
      ]),
    ],
  },
})
export const inTurn = (turn: number): string => (turn % 2 === 0 ? 'web-worker1' : 'web-worker2')
export const whole = meshSeen((_way, turn) => inTurn(turn))

export const publishingSeen = (
  change: (one: { service: string; from: string; to: string; probe: ProbeSeen }) => object = () => ({}),
) => ({
  publishing: {
    asked: others
      .flatMap((way) => [
        ...[18081, 18082].flatMap((number) =>
          ['dual-worker1', 'dual-worker2'].map((body) => ({
            service: 'swp-dual',
            ...http(way, number, body),
          })),
        ),
        { service: 'swp-dual', ...datagram(way, 18081, 'answered') },
        {
          service: 'swp-here',
          ...(way.to === 'worker1'
            ? http(way, 18083, 'here-worker1')
            : http(way, 18083, '', { outcome: 'refused', errno: 'ECONNREFUSED' })),
        },
      ])
      .map((one) => ({ ...one, probe: { ...one.probe, ...change(one) } })),
  },
})

export const table = (text: string, chainName = 'DOCKER-INGRESS', name = 'nat') => ({
  ...{ table: name, chain: chainName, position: 1, rule: text, packets: 0, bytes: 0 },
})
export const inet = (name: string, address: string, mtuBytes = 1450) => ({
  ...{ name, index: 1, kind: 'veth', mtuBytes, mac: `02:42:0a:00:00:${address.split('.')[3]}`, up: true },
  addresses: [{ address, prefixLength: 24, family: 'inet' }],
})
export const emptyTables = {
  inode: '',
  links: [],
  routes: [],
  neighbours: [],
  fdb: [],
  ipvs: [],
  firewall: [],
}
export const kernelOf = (change: (node: string) => object = () => ({})) =>
  Object.fromEntries(
    nodes.map((name) => {
      const destination = '172.18.0.2:18080'
      const root = {
        ...{ ...emptyTables, links: [inet('docker_gwbridge', '172.18.0.1')] },
        firewall: [
          table('-m addrtype --dst-type LOCAL -j DOCKER-INGRESS', 'PREROUTING'),
          table('-m addrtype --dst-type LOCAL -j DOCKER-INGRESS', 'OUTPUT'),
          table('-j DOCKER-INGRESS', 'FORWARD', 'filter'),
          table(`-p tcp -m tcp --dport 18080 -j DNAT --to-destination ${destination}`),
          table('-j RETURN'),
          table('-o docker_gwbridge -m addrtype --src-type LOCAL -j MASQUERADE', 'POSTROUTING'),
        ],
      }
      const sandbox = {
        ...{ ...emptyTables, links: [inet('eth0', '10.0.0.2'), inet('eth1', '172.18.0.2')] },
        firewall: [
          table('-p tcp -m tcp --dport 18080 -j MARK --set-xmark 0x105/0xffffffff', 'PREROUTING', 'mangle'),
        ],
        ipvs: [
          {
            ...{ firewallMark: 0x105, scheduler: 'rr' },
            destinations: ['10.0.0.20', '10.0.0.21'].map((address) => ({ address, weight: 1 })),
          },
        ],
      }
      const state = { host: name, root, namespaces: { ingress_sbox: sandbox }, unavailable: [] }
      return [name, { ...state, ...change(name) }]
    }),
  )
export const lost = (what: string, tool: string, pkg: string) => ({
  unavailable: [{ what, tool, package: pkg }],
})
