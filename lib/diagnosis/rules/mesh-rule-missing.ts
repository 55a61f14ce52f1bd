import type { HostState } from '../../observe/host-state.ts'
import type { PlacedRule } from '../../observe/ruleset.ts'
import { wayOfPort } from '../../observe/way-of-port.ts'
import { ingressNamespace } from '../../swarm/namespaces.ts'
import { cutOffFromGossip, isToldByGossip, isUntoldOfServices } from '../gossip.ts'
import type { LabView, Reported } from '../lab-view.ts'
import type { Draft, Rule } from '../rule.ts'

interface Port {
  readonly protocol: string
  readonly publishedPort: number
}

interface Lacking {
  readonly port: Port
  /** What is not there, and where. */
  readonly what: string
  /** Only what the node itself sends takes that way. */
  readonly ofOwn?: true
}

/** One of the rules that lead a published port through a node is not there; told by what rules do, not by chains. */
export const meshRuleMissing: Rule = {
  code: 'mesh-rule-missing',
  title: 'A node lacks a rule that leads a published port into the routing mesh',
  severity: ['cause'],
  meaning:
    'Each node leads every published port by rules of its own: DNAT to `ingress_sbox` for what arrives and for what the node itself sends, a mark there that IPVS balances by, and masquerading of what the node sends from 127.0.0.1. Where one of them is missing the port is dead on this node alone; `docker service ls` and the other nodes show nothing.',
  proof: [
    'Requests to the port were not answered through this node, or the rules were followed and end there',
    'The rules of the node as they are after the traffic: none leads the port on at the place that is named',
  ],
  silencedBy: [
    'The rules are all there, whatever their chains are called, and another one decides before them',
    'Only rules for what the node itself sends are missing, and others were not answered',
    'The node is cut off from gossip, and has neither rule nor mark nor service of IPVS for the port: its engine was never told of it',
    'The rules of this node could not be read, or it has no `ingress_sbox`',
    'A graver finding explains the silence: rules that drop, forwarding that is off, all rules gone',
  ],
  remedy: [
    'Have the engine write its rules again: `systemctl restart docker` on the node',
    'Look at what is there: `iptables -t nat -S | grep PORT`, and `nsenter --net=/run/docker/netns/ingress_sbox iptables -t mangle -S`',
    'If it comes back, look for what rewrites rules behind the engine: configuration management, `iptables-restore`, a reload of the firewall; start that before the engine',
  ],
  reports: [
    {
      url: 'https://github.com/moby/moby/issues/45171',
      says: 'After a node was disconnected and came back, some published ports had no rules any more, and `docker ps` listed them all the same.',
    },
    {
      url: 'https://github.com/moby/moby/issues/44172',
      says: 'After enough restarts of the engine a published UDP port had neither a listener nor a DNAT rule, and did not heal.',
    },
    {
      url: 'https://github.com/docker/cli/issues/2274',
      says: 'After an update with start-first DOCKER-INGRESS held no rule of the service until the engine was restarted.',
    },
  ],
  find(lab) {
    return Object.entries(lab.kernelAfter ?? {}).flatMap(([node, state]) => draftOf(node, state, lab))
  },
  gravity: 125,
}

function draftOf(node: string, state: HostState, lab: LabView): Draft[] {
  const told = isTold(lab, node, state)
  const lacking = publishedPorts(lab)
    .filter(told)
    .flatMap((port) => lackingFor(port, state))
  const ports = new Set(lacking.map(({ port }) => port.publishedPort))
  const explains = (problem: Reported): boolean =>
    problem.kind === 'missed' &&
    !isToldByGossip(problem) &&
    /^(ING|RES|MTU|LB)-/.test(problem.requirement) &&
    problem.node === node &&
    lacking.some(
      ({ port, ofOwn }) =>
        (problem.port === undefined || problem.port === port.publishedPort) &&
        (ofOwn !== true || isOfNodeItself(problem)),
    )
  if (lacking.length === 0 || !lab.problems().some(explains)) return []
  const [first] = lacking
  return [
    {
      title: `${node} lacks a rule that leads a published port into the routing mesh: ${describe(first)}`,
      cause: `The rules that the engine wrote for it are not whole on ${node}, and the engine does not look at them again. The port is dead there, or for ${node} itself; through the other nodes it answers, and everything is reported healthy.`,
      remedy: [
        `On ${node}: \`systemctl restart docker\` writes all rules again; tasks there start again unless live-restore is on`,
        `Look first at what took it away: \`iptables-save | grep -E "${[...ports].join('|')}"\` before and after a reload of the firewall or a run of configuration management`,
      ],
      nodes: [node],
      proof: lacking.map((one) => `${node}: ${describe(one)}`),
      explains,
    },
  ]
}

/**
 * Whether the engine of a node can know of a published port: services come to it by gossip. Of a node that is cut off from
 * it a port that has neither rule nor mark was never told.
 */
function isTold(
  lab: LabView,
  node: string,
  { root, nftables, namespaces }: HostState,
): (port: Port) => boolean {
  if (isUntoldOfServices(lab, node)) return () => false
  const sandbox = namespaces[ingressNamespace]
  if (sandbox === undefined || !cutOffFromGossip(lab).includes(node)) return () => true
  const host = { ...root, ...(nftables === undefined ? {} : { nftables }) }
  return (port) =>
    wayOfPort({ root: host, sandbox }, port).fromOutside !== undefined || isMarked(sandbox, port)
}

/** What a node asked itself, and rules that only such requests meet. */
function isOfNodeItself({ code, node, path, subject }: Reported): boolean {
  return (
    path?.from === node ||
    code === 'own-port-not-answered' ||
    code === 'own-traffic-not-masqueraded' ||
    subject === 'nat OUTPUT'
  )
}

function describe(one: Lacking | undefined): string {
  return one === undefined ? '' : `${one.port.publishedPort}/${one.port.protocol}: ${one.what}`
}

function publishedPorts({ facts }: LabView): Port[] {
  return Object.values(facts?.services ?? {}).flatMap(({ published }) =>
    published.filter(({ mode }) => mode === 'ingress'),
  )
}

function lackingFor(port: Port, { root, nftables, namespaces, unavailable }: HostState): Lacking[] {
  const sandbox = namespaces[ingressNamespace]
  if (sandbox === undefined || unavailable.length > 0) return []
  const way = wayOfPort({ root: { ...root, ...(nftables === undefined ? {} : { nftables }) }, sandbox }, port)
  if (way.sandbox === undefined) return []
  const lacks = (what: string): Lacking[] => [{ port, what }]
  const lacksOwn = (what: string): Lacking[] => [{ port, what, ofOwn: true }]
  if (way.fromOutside === undefined) {
    const [unasked] = way.unasked
    if (unasked === undefined) return lacks(`no DNAT rule leads it to ${ingressNamespace} (${way.sandbox})`)
    return hasNoJump(root, 'PREROUTING', unasked)
      ? lacks('what arrives does not come to the rule that leads it on: nat PREROUTING has no jump to it')
      : []
  }
  return [
    ...(way.fromNode === undefined && hasNoJump(root, 'OUTPUT', way.fromOutside.rule)
      ? lacksOwn(
          'what the node itself sends does not come to the rule that leads it on: nat OUTPUT has no jump to it',
        )
      : []),
    ...(way.fromLoopback?.rule.leadsTo?.split(':')[0] === way.sandbox && !way.masquerades
      ? lacksOwn('what the node sends to 127.0.0.1 is led on and not masqueraded in nat POSTROUTING')
      : []),
    ...(isMarked(sandbox, port)
      ? []
      : lacks(`no rule in mangle PREROUTING of ${ingressNamespace} marks it, so that IPVS does not see it`)),
  ]
}

/** Where there is one, or it is not iptables, another rule may decide before: that is not for this to say. */
function hasNoJump({ firewall }: HostState['root'], hook: string, { table, chain }: PlacedRule): boolean {
  const jump = new RegExp(`(^| )-[jg] ${chain}( |$)`)
  return (
    table === 'nat' &&
    !firewall.some((rule) => rule.table === 'nat' && rule.chain === hook && jump.test(rule.rule))
  )
}

/** Where something else than IPVS may balance it is not known. */
function isMarked(
  { firewall, nftables = [] }: HostState['root'],
  { protocol, publishedPort }: Port,
): boolean {
  const marks = firewall.filter(
    ({ table, chain, rule }) => table === 'mangle' && chain === 'PREROUTING' && / -j MARK /.test(` ${rule} `),
  )
  if (marks.length === 0 || nftables.length > 0) return true
  const wanted = new RegExp(`--dport ${publishedPort}( |$)`)
  return marks.some(({ rule }) => wanted.test(rule) && new RegExp(`(^| )-p ${protocol}( |$)`).test(rule))
}
