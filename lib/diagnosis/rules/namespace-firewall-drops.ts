import type { FirewallRule, NamespaceState } from '../../observe/host-state.ts'
import { contains } from '../../topology/cidr.ts'
import { nodesOf } from '../../observation/problem.ts'
import type { LabView, Reported } from '../lab-view.ts'
import type { Draft, Rule } from '../rule.ts'

interface NamespaceDrop {
  readonly namespace: string
  readonly rule: FirewallRule
  /** While the requirements were verified. */
  readonly packets: number
  /** Addresses of the namespace on overlays, by network. */
  readonly networks: readonly string[]
}

/** A rule in the namespace of a task or a balancer drops what is for it or what it sends. */
export const namespaceFirewallDrops: Rule = {
  code: 'namespace-firewall-drops',
  title: 'A firewall rule within the namespace of a task or a balancer drops its packets',
  severity: ['cause'],
  meaning:
    'Tasks and balancers have network namespaces with rules of their own, which `iptables -S` on the host does not show. A rule there that drops, set by the container itself (fail2ban, ufw, a sidecar with NET_ADMIN) or by somebody who entered it, silences one task or one virtual IP and nothing else.',
  proof: [
    'A DROP or REJECT that the engine does not make, in a namespace below /run/docker/netns on the node',
    'Its counter rose while the requirements were verified',
    'What was missed concerns a task or a balancer on this node',
  ],
  silencedBy: [
    'Its counter did not move, or the rules were read once only',
    'It is one of those that the engine makes for the address of a task on the ingress network',
  ],
  remedy: [
    'See it: `nsenter --net=/run/docker/netns/NAMESPACE iptables -nvL --line-numbers`; whose it is: `docker inspect -f "{{.NetworkSettings.SandboxKey}}" $(docker ps -q)`',
    'Remove it there by `-D`, or make the task again: `docker service update --force SERVICE`',
    'If it comes back the container sets it: look for `NET_ADMIN` in `docker service inspect SERVICE`',
  ],
  reports: [],
  find(lab) {
    return lab.nodeNames.flatMap((node) => draftOf(node, lab))
  },
  gravity: 105,
}

function draftOf(node: string, lab: LabView): Draft[] {
  const drops = dropsOn(node, lab)
  const networks = new Set(drops.flatMap((drop) => drop.networks))
  const explains = (problem: Reported): boolean =>
    problem.kind === 'missed' &&
    !/^(CTL|VXL|ENC)-/.test(problem.requirement) &&
    nodesOf(problem).includes(node) &&
    (problem.network === undefined || networks.has(problem.network))
  if (drops.length === 0 || !lab.problems().some(explains)) return []
  const [first] = drops
  return [
    {
      title: `On ${node} a firewall rule in the namespace ${first?.namespace ?? ''} drops packets: ${described(first)}`,
      cause: `The rule is in the namespace of a task or a balancer, not in the host's: \`iptables -S\` on ${node} does not show it, and a capture on the host sees the packets come. Only that task or that virtual IP is silent.`,
      remedy: [
        `On ${node}: \`nsenter --net=/run/docker/netns/${first?.namespace ?? ''} iptables -t ${first?.rule.table ?? 'filter'} -D ${first?.rule.chain ?? ''} ${first?.rule.rule ?? ''}\``,
        'If it comes back the container sets it: look for `NET_ADMIN` in `docker service inspect SERVICE`',
      ],
      nodes: [node],
      networks: [...networks],
      proof: drops.map((drop) => `${node}, ${drop.namespace}: ${described(drop)}`),
      explains,
    },
  ]
}

function described(drop: NamespaceDrop | undefined): string {
  if (drop === undefined) return ''
  const { rule, packets } = drop
  return `iptables -t ${rule.table} -A ${rule.chain} ${rule.rule}, ${packets} packets meanwhile`
}

function dropsOn(node: string, lab: LabView): NamespaceDrop[] {
  const [before, after] = [lab.kernelBefore?.[node], lab.kernelAfter?.[node]]
  if (before === undefined || after === undefined) return []
  return Object.entries(after.namespaces).flatMap(([namespace, state]) => {
    const former = before.namespaces[namespace]
    if (former === undefined || former.inode !== state.inode) return []
    return state.firewall
      .filter((rule) => /-j (DROP|REJECT)\b/.test(rule.rule) && !isEngines(rule, lab))
      .map((rule) => ({
        ...{ namespace, rule, networks: networksOf(state, lab) },
        packets: rule.packets - (countedBefore(former, rule) ?? rule.packets),
      }))
      .filter(({ packets }) => packets > 0)
  })
}

function countedBefore(
  { firewall }: NamespaceState,
  { table, chain, rule }: FirewallRule,
): number | undefined {
  return firewall.find((one) => one.table === table && one.chain === chain && one.rule === rule)?.packets
}

/**
 * The engine drops what comes to a task’s ingress address, or leaves it, for other ports than the published ones
 * (libnetwork: addRedirectRules), and in the overlay what arrives for the encrypted network in clear.
 */
function isEngines({ rule, chain }: FirewallRule, { facts }: LabView): boolean {
  const ingress = facts?.networks.ingress?.subnet
  const address = /(?:^| )-[sd] ([\d.]+)\/32(?: |$)/.exec(rule)?.[1]
  return (
    chain.startsWith('DOCKER') ||
    (ingress !== undefined && address !== undefined && contains(ingress, address))
  )
}

function networksOf({ links }: NamespaceState, { facts }: LabView): string[] {
  const addresses = links.flatMap((link) =>
    link.addresses.filter(({ family }) => family === 'inet').map(({ address }) => address),
  )
  return Object.values(facts?.networks ?? {})
    .filter(({ subnet }) => addresses.some((address) => contains(subnet, address)))
    .map(({ name }) => name)
}
