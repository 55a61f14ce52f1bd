import { nodesOf } from '../../observation/problem.ts'
import type { LabView, Reported } from '../lab-view.ts'
import {
  type DroppingNamespace,
  droppingNamespaces,
  metBy,
  type NamespaceDrop,
  passes,
} from '../namespace-drops.ts'
import { missesPackets } from '../missed-packets.ts'
import type { Draft, Rule } from '../rule.ts'

/** A rule in the namespace of a task or a balancer drops what is for it or what it sends. */
export const namespaceFirewallDrops: Rule = {
  code: 'namespace-firewall-drops',
  title: 'A firewall rule within the namespace of a task or a balancer drops its packets',
  severity: ['cause'],
  meaning:
    'Tasks and balancers have network namespaces with rules of their own, which `iptables -S` on the host does not show. A rule there that drops, set by the container itself (fail2ban, ufw, a sidecar with NET_ADMIN) or by somebody who entered it, silences one task or one virtual IP and nothing else.',
  proof: [
    'A DROP or REJECT that the engine does not make, in a namespace below /run/docker/netns on the node',
    'Its counter rose while the requirements were verified, by as many packets at least as were missed',
    'What was missed passes the task or the balancer whose namespace it is, and packets of its protocol and port meet the rule',
  ],
  silencedBy: [
    'Its counter did not move, counted less than was missed, or the rules were read once only',
    'It is for another protocol, port or address than what was missed, such as 22/tcp, or for clients outside',
    'Other protocols are silent on the same way as well, and no rule there drops them',
    'It is one of those that the engine makes for the address of a task on the ingress network',
  ],
  remedy: [
    'See it: `nsenter --net=/run/docker/netns/NAMESPACE iptables -nvL --line-numbers`; whose it is: `docker inspect -f "{{.NetworkSettings.SandboxKey}}" $(docker ps -q)`',
    'Remove it there by `-D`, or make the task again: `docker service update --force SERVICE`',
    'If it comes back the container sets it: look for `NET_ADMIN` in `docker service inspect SERVICE`',
  ],
  reports: [
    {
      url: 'https://github.com/binhex/arch-sabnzbdvpn/issues/15',
      says: 'A container with iptables rules of its own was put on an overlay, and what it sent was refused with “Operation not permitted”.',
    },
  ],
  find(lab) {
    return lab.nodeNames.flatMap((node) => draftsOf(node, lab))
  },
  gravity: 103,
}

/** One for each namespace: a rule counts packets of its own alone. */
function draftsOf(node: string, lab: LabView): Draft[] {
  return droppingNamespaces(node, lab).flatMap((namespace) => {
    const concerned = lab.problems().filter((problem) => concerns(problem, node, namespace, lab))
    const met = new Map(concerned.map((problem) => [problem, metBy(problem, namespace, lab)]))
    const others = new Set(concerned.filter((problem) => met.get(problem)?.length === 0).map(wayOf))
    const explained = concerned.filter((problem) => !others.has(wayOf(problem)))
    const drops = namespace.drops.filter((drop) =>
      explained.some((problem) => met.get(problem)?.includes(drop)),
    )
    const [first] = drops.toSorted((one, other) => other.packets - one.packets)
    return first === undefined ? [] : [draftOf(node, namespace, drops, first, new Set(explained))]
  })
}

function concerns(problem: Reported, node: string, namespace: DroppingNamespace, lab: LabView): boolean {
  return (
    missesPackets(problem) &&
    !/^(CTL|VXL|ENC)-/.test(problem.requirement) &&
    nodesOf(problem).includes(node) &&
    passes(problem, node, namespace, lab)
  )
}

/** What is silent for protocols, too, that no rule here drops, is silent for another reason. */
const wayOf = ({ requirement, node, path, ends, network }: Reported): string =>
  JSON.stringify([requirement, node, path, ends, network])

function draftOf(
  node: string,
  { name, networks }: DroppingNamespace,
  drops: readonly NamespaceDrop[],
  first: NamespaceDrop,
  explained: ReadonlySet<Reported>,
): Draft {
  return {
    title: `On ${node} a firewall rule in the namespace ${name} drops packets: ${described(first)}`,
    cause: /^\d+-/.test(name)
      ? `The rule is in the namespace of the overlay itself, not in the host's: \`iptables -S\` on ${node} does not show it, and a capture on the host sees the packets come. What is bridged there between tasks and the VXLAN device meets ${isOfBridge(first) ? 'it' : 'rules of iptables, because br_netfilter hands frames to them'}; other overlays are not concerned.`
      : `The rule is in the namespace of a task or a balancer, not in the host's: \`iptables -S\` on ${node} does not show it, and a capture on the host sees the packets come. Only that task or that virtual IP is silent.`,
    remedy: [
      first.rule.table.includes(' ')
        ? `On ${node}: \`nsenter --net=/run/docker/netns/${name} nft -a list chain ${first.rule.table} ${first.rule.chain}\`, and delete the rule by its handle`
        : `On ${node}: \`nsenter --net=/run/docker/netns/${name} iptables -t ${first.rule.table} -D ${first.rule.chain} ${first.rule.text}\``,
      ...(/^\d+-/.test(name)
        ? isOfBridge(first)
          ? []
          : [
              `Or have frames bridged there without iptables: \`nsenter --net=/run/docker/netns/${name} sysctl -w net.bridge.bridge-nf-call-iptables=0\`; on ${node} itself it has to stay 1`,
            ]
        : [
            'If it comes back the container sets it: look for `NET_ADMIN` in `docker service inspect SERVICE`',
          ]),
    ],
    nodes: [node],
    networks: [...networks],
    proof: drops.map((drop) => `${node}, ${name}: ${described(drop)}`),
    counted: { at: node, packets: drops.reduce((sum, { packets }) => sum + packets, 0) },
    explains: (problem) => explained.has(problem),
  }
}

const isOfBridge = ({ rule }: NamespaceDrop): boolean => rule.table.startsWith('bridge ')

function described({ rule, packets }: NamespaceDrop): string {
  const { table, chain, text } = rule
  const where = table.includes(' ')
    ? `nft ${table} ${chain}: ${text}`
    : `iptables -t ${table} -A ${chain} ${text}`
  return `${where}, ${packets} packets meanwhile`
}
