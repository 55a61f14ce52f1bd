import type { ProblemCode } from '../../observation/codes.ts'
import { ingressNamespace } from '../../swarm/namespaces.ts'
import { forgetfulBalancers } from '../balancer-timers.ts'
import { nodesRead, statesOf } from '../meanwhile.ts'
import type { LabView, Reported } from '../lab-view.ts'
import { isOfOwnMesh } from '../own-mesh.ts'
import type { Draft, Rule } from '../rule.ts'

/** What the engine sets in the namespaces of balancers (libnetwork osl/namespace_linux.go, service_linux.go). */
const wanted: Readonly<Record<string, string>> = {
  'net.ipv4.ip_forward': '1',
  'net.ipv4.vs.conntrack': '1',
  'net.ipv4.vs.conn_reuse_mode': '0',
  'net.ipv4.vs.expire_nodest_conn': '1',
  'net.ipv4.vs.expire_quiescent_template': '1',
}

/** Without these nothing passes; the others are about connections whose task is gone, and ports that are used again. */
const passing: ReadonlySet<string> = new Set(['net.ipv4.ip_forward', 'net.ipv4.vs.conntrack'])

interface Deviation {
  readonly node: string
  readonly namespace: string
  readonly setting: string
  readonly value: string
  readonly expected: string
}

/** A setting of a balancer’s own namespace is not as the engine makes it, and as it is on other nodes. */
export const balancerSettingsDiffer: Rule = {
  code: 'balancer-settings-differ',
  title: 'The namespace of a balancer on a node has other settings than the engine gives it',
  severity: ['cause', 'advice'],
  meaning:
    'Each balancer has a network namespace of its own, with its own settings of sysctl: a node can forward while the balancer in it does not. Without `ip_forward` what comes to virtual IPs and published ports is not passed on; without `vs.conntrack` answers come from the wrong address; with the kernel’s own values of the others connections hang on tasks that are gone. The time-outs of IPVS (`ipvsadm --set`) are each balancer’s own, too: one that forgets sooner loses connections that were idle for a while.',
  proof: [
    'A setting in `lb_NETWORK` or `ingress_sbox` of the node reads otherwise than the engine sets it',
    'The same balancer on another node with an engine of the same version has it as the engine sets it',
    'Of `ip_forward` and `vs.conntrack`: what was asked through that balancer from this node was not answered',
    'Of the others: connections through it were reset, or failed after a task had gone; else it is advice',
    'Of time-outs: LB-05 read one for TCP that is shorter than a connection through that balancer was idle before it was lost',
  ],
  silencedBy: [
    'It is the same on all nodes with an engine of that version: older ones do not set all of them',
    'Of `vs.conntrack`: that balancer has no service, with the first of which the engine sets it',
    'The time-out is longer than the connection was idle: then something else forgot it',
    'Nothing was missed through balancers of this node: `ip_forward` and `vs.conntrack` alone keep answers from coming',
  ],
  remedy: [
    'Set it there: `nsenter --net=/run/docker/netns/lb_NETWORK sysctl -w SETTING=VALUE`, time-outs by `ipvsadm --set 900 120 300`',
    '`systemctl restart docker` on the node makes its balancers again',
    'Find who changes settings in every namespace: a hardening agent, or a container with `--privileged` and `nsenter`',
  ],
  reports: [
    {
      url: 'https://github.com/moby/libnetwork/pull/2491',
      says: 'Under load every reused port cost a second or the connection, until the engine set `conn_reuse_mode` and `expire_nodest_conn` in its balancers.',
    },
    {
      url: 'https://github.com/kubernetes/kubernetes/issues/71358',
      says: 'With `expire_nodest_conn` at 0 connections to an endpoint that is gone were lost in silence for up to 15 minutes.',
    },
  ],
  find(lab) {
    const settings = nodesRead(lab).flatMap((node) => {
      const own = deviations(lab, node)
      const silencing = own.filter(({ setting }) => passing.has(setting))
      const others = own.filter(({ setting }) => !passing.has(setting))
      const isSilent = (problem: Reported): boolean => silent(problem, lab, silencing)
      const isStale = (problem: Reported): boolean => stale(problem, lab, others)
      return [
        ...(silencing.length > 0 && lab.problems().some(isSilent)
          ? [{ ...draftOf(lab, node, silencing), explains: isSilent }]
          : []),
        ...(others.length === 0
          ? []
          : lab.problems().some(isStale)
            ? [{ ...draftOf(lab, node, others), explains: isStale }]
            : [{ ...draftOf(lab, node, others), severity: 'advice' as const }]),
      ]
    })
    return [...settings, ...forgetfulBalancers(lab)]
  },
  gravity: 62,
}

function draftOf(lab: LabView, node: string, own: readonly Deviation[]): Draft {
  const [first] = own
  const more = own.length === 1 ? '' : ` and ${own.length - 1} more`
  return {
    title: `The balancer ${first?.namespace} on ${node} has ${first?.setting} = ${first?.value}, the engine sets ${first?.expected}${more}`,
    cause: `Balancers have network namespaces of their own, with settings of their own; those of ${node} itself do not count in them. ${meaningOf(first?.setting ?? '')}`,
    remedy: [
      ...[...new Map(own.map((one) => [`${one.namespace} ${one.setting}`, one])).values()]
        .slice(0, 4)
        .map(
          ({ namespace, setting, expected }) =>
            `On ${node}: \`nsenter --net=/run/docker/netns/${namespace} sysctl -w ${setting}=${expected}\``,
        ),
      `Find who changed it, or it comes back: \`systemctl restart docker\` on ${node} makes its balancers again`,
    ],
    nodes: [node],
    networks: networksOf(lab, own),
    proof: own.map(
      ({ namespace, setting, value, expected }) =>
        `${node}: ${setting} = ${value} in ${namespace}, ${expected} there on other nodes`,
    ),
  }
}

function deviations(lab: LabView, node: string): Deviation[] {
  const [state] = statesOf(lab, node)
  return Object.entries(state?.namespaces ?? {}).flatMap(([namespace, { settings = {}, ipvs }]) => {
    if (namespace !== ingressNamespace && !namespace.startsWith('lb_')) return []
    const others = nodesRead(lab)
      .filter((other) => other !== node && engineOf(lab, other) === engineOf(lab, node))
      .map((other) => statesOf(lab, other)[0]?.namespaces[namespace]?.settings)
    return Object.entries(wanted).flatMap(([setting, expected]): Deviation[] => {
      const value = settings[setting]
      // The engine sets it with the first service that it balances there.
      if (setting === 'net.ipv4.vs.conntrack' && ipvs.length === 0) return []
      const differs = value !== undefined && value !== expected
      return differs && others.some((other) => other?.[setting] === expected)
        ? [{ node, namespace, setting, value, expected }]
        : []
    })
  })
}

const engineOf = ({ facts }: LabView, node: string): string | undefined =>
  facts?.nodes.find(({ name }) => name === node)?.engineVersion

function meaningOf(setting: string): string {
  if (setting.endsWith('ip_forward'))
    return 'What comes to virtual IPs or published ports is not passed on to tasks.'
  if (setting.endsWith('vs.conntrack'))
    return 'Answers of tasks are not translated back to the virtual IP, so clients refuse them.'
  return 'Connections stay with tasks that are gone, and new ones from a port that was used before are lost.'
}

/** File names hold the first ten characters of the network’s id. */
function networksOf(lab: LabView, deviating: readonly Deviation[]): string[] {
  return Object.values(lab.facts?.networks ?? {})
    .filter((network) =>
      deviating.some(({ namespace }) =>
        network.ingress ? namespace === ingressNamespace : namespace === `lb_${network.id.slice(0, 9)}`,
      ),
    )
    .map(({ name }) => name)
}

/** What asking a virtual IP comes to where nothing is passed on or answers are refused. */
const unanswered: readonly ProblemCode[] = [
  ...(['virtual-ip-silent', 'connections-unanswered', 'requests-unanswered'] as const),
  ...(['task-not-balanced-to', 'connections-still-fail', 'replacement-not-reached'] as const),
  'request-failed-in-update',
]

/** What becomes of connections that stay with a task that is gone, or whose port was used before. */
const left: readonly ProblemCode[] = [
  ...(['connections-reset', 'connections-still-fail', 'request-failed-in-update'] as const),
]

/** Requests from this node, by a virtual IP or a published port, that were not answered. */
function silent(problem: Reported, lab: LabView, own: readonly Deviation[]): boolean {
  if (problem.kind !== 'missed') return false
  return (
    (unanswered.includes(problem.code) && isBalancedBy(problem, lab, own)) ||
    own.some(
      ({ node, namespace }) =>
        namespace === ingressNamespace &&
        !/^(GWB-|MTU-)/.test(problem.via ?? problem.requirement) &&
        isOfOwnMesh(problem, node, lab),
    )
  )
}

function stale(problem: Reported, lab: LabView, own: readonly Deviation[]): boolean {
  return left.includes(problem.code) && isBalancedBy(problem, lab, own)
}

/** The balancer is on the node of the client. */
function isBalancedBy({ node, path, network }: Reported, lab: LabView, own: readonly Deviation[]): boolean {
  return own.some(
    (one) =>
      (node ?? path?.from) === one.node &&
      (network === undefined ? one.namespace !== ingressNamespace : networksOf(lab, [one]).includes(network)),
  )
}
