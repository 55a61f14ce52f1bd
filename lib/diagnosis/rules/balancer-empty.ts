import { inWords } from '../in-words.ts'
import type { ServiceFacts } from '../../observation/facts.ts'
import { markOfVip } from '../../observe/balancer-marks.ts'
import type { HostState, IpvsService } from '../../observe/host-state.ts'
import { choosesAtRandom } from '../../observe/random-balancer.ts'
import { ingressNamespace, loadBalancerNamespace, namespaceNamed } from '../../swarm/namespaces.ts'
import { cutOffFromGossip } from '../gossip.ts'
import type { LabView, Reported } from '../lab-view.ts'
import { statesOf } from '../meanwhile.ts'
import type { Draft, Rule } from '../rule.ts'

/** A balancer of one node that marks packets for a service and sends them to nobody. */
interface Empty {
  readonly service: ServiceFacts
  readonly network: string
  readonly isIngress: boolean
  readonly namespace: string
  readonly vip: string
  readonly mark: number
  /** What IPVS has for the mark, in words. */
  readonly has: string
}

/** A node balances to nobody although tasks run: told by its own IPVS, whatever the other nodes have. */
export const balancerEmpty: Rule = {
  code: 'balancer-empty',
  title: 'A balancer of a node sends connections to nobody, although tasks run',
  severity: ['cause'],
  meaning:
    'Each node balances by itself: a rule marks what is for a virtual IP or a published port, and IPVS takes what has the mark to a task. Where IPVS has no service for the mark, no task in it, or gives every task the weight 0, connections from that node, or by it, are not answered at all, while everything is reported healthy.',
  proof: [
    'Connections by the virtual IP or the published port failed at the node',
    'In the balancer’s namespace a rule marks packets for the virtual IP, so the engine was told of the service',
    'IPVS there has no service with that mark, no destination in it, or only destinations of weight 0, while the service has running tasks',
  ],
  silencedBy: [
    'IPVS lists some of the tasks: see `ipvs-differs-by-node`; or the only task of a service has had the weight 0 for less than the run, for it may be ending',
    'Only names were not answered, or the port is entered at another node',
    'No rule marks packets for the virtual IP: then it is the rule that is missing, see `mesh-rule-missing`',
    'The node is cut off from gossip: it may have been told that the tasks ended',
    'Rules of nftables balance there, without IPVS; or something of the node’s kernel state could not be read',
  ],
  remedy: [
    'Have the engine set up its balancers again: `docker node update --availability drain NODE`, `systemctl restart docker` there, `docker node update --availability active NODE`',
    'Look for what empties it: `grep -rn ipvsadm /etc /usr/local`, keepalived or another user of IPVS in that namespace',
    'Read on the node what marks and what balances: `nsenter --net=/run/docker/netns/ingress_sbox sh -c "iptables -t mangle -S; ipvsadm -ln"`, for a virtual IP in `lb_` and nine characters of the network’s id',
  ],
  reports: [],
  find(lab) {
    const cutOff = cutOffFromGossip(lab)
    return lab.nodeNames
      .filter((node) => !cutOff.includes(node))
      .flatMap((node) => draftOf(lab, node, emptyOn(lab, statesOf(lab, node))))
  },
  gravity: 126,
}

function draftOf(lab: LabView, node: string, found: readonly Empty[]): Draft[] {
  const lost = found.filter((one) => lab.problems().some((problem) => isBy(problem, node, one)))
  const [first] = lost
  if (first === undefined) return []
  const names = [...new Set(lost.map(whatOf))]
  return [
    {
      title: `On ${node} IPVS sends connections to ${inWords(names.slice(0, 3))} to nobody: ${first.namespace} has ${first.has}`,
      cause: `The engine of ${node} marks these packets, so it was told of the service, whose tasks run; but IPVS there takes them to none. Somebody emptied it (\`ipvsadm\`, another program that uses IPVS in that namespace), or the engine could not write it. It does not look at it again.`,
      remedy: [
        `Have the engine of ${node} set up its balancers again: \`docker node update --availability drain ${node}\`, there \`systemctl restart docker\`, then \`docker node update --availability active ${node}\``,
        `See that they are there: on ${node} \`nsenter --net=/run/docker/netns/${first.namespace} ipvsadm -ln\``,
        `If it comes back, look for what empties it: \`grep -rn ipvsadm /etc /usr/local\``,
      ],
      nodes: [node],
      networks: [...new Set(lost.map(({ network }) => network))],
      proof: lost.map(
        (one) => `${node}: ${one.namespace} marks ${whatOf(one)} with ${one.mark}, and IPVS has ${one.has}`,
      ),
      explains: (problem) => lost.some((one) => isBy(problem, node, one)),
    },
  ]
}

function whatOf({ service, vip, isIngress }: Empty): string {
  const ports = service.published.filter(({ mode }) => mode === 'ingress')
  return isIngress && ports.length > 0
    ? `${ports.map(({ publishedPort, protocol }) => `${publishedPort}/${protocol}`).join(', ')} of ${service.name}`
    : `${vip} of ${service.name}`
}

/** What is asked of a name server passes no balancer. */
const ofNames = /^(?:name-|virtual-ip-not-)/

/**
 * Whether a problem is of a connection that enters a balancer there, or of what it lists: a virtual IP is balanced on the node
 * that asks, a published port on the one that is asked.
 */
function isBy(problem: Reported, node: string, one: Empty): boolean {
  const { kind, code, path, address, network, service } = problem
  if (kind !== 'missed' && code !== 'balancer-weight-zero') return false
  if (ofNames.test(code)) return false
  if ((problem.node ?? (one.isIngress ? path?.to : path?.from) ?? '') !== node) return false
  return (
    (network === one.network && (address === one.vip || service === one.service.name)) ||
    (one.isIngress && isOfPort(problem, one.service))
  )
}

function isOfPort({ requirement, port, protocol }: Reported, { published }: ServiceFacts): boolean {
  return (
    /^(ING|RES|MTU)-/.test(requirement) &&
    published.some(
      (one) =>
        one.mode === 'ingress' &&
        one.publishedPort === port &&
        (protocol === undefined || protocol.toLowerCase() === one.protocol),
    )
  )
}

function emptyOn({ facts }: LabView, [state, before]: readonly HostState[]): Empty[] {
  if (facts === undefined || state === undefined || state.unavailable.length > 0) return []
  return Object.values(facts.networks).flatMap((network): Empty[] => {
    const namespace = network.ingress ? ingressNamespace : loadBalancerNamespace(network.id)
    const tables = namespaceNamed(state.namespaces, namespace)
    if (tables === undefined || choosesAtRandom(tables)) return []
    const balancedBefore =
      before === undefined ? undefined : namespaceNamed(before.namespaces, namespace)?.ipvs
    return Object.values(facts.services).flatMap((service): Empty[] => {
      const vip = service.vips[network.id]
      const mark = vip === undefined ? undefined : markOfVip(tables.firewall, vip)
      const runs = facts.tasks.some((task) => task.service === service.name)
      if (vip === undefined || mark === undefined || !runs) return []
      const has = lack(byMark(tables.ipvs, mark))
      // The only task of a service has that weight while it is being ended.
      const isEnding = has === allWithoutWeight && byMark(tables.ipvs, mark)?.destinations.length === 1
      if (isEnding && balancedBefore !== undefined && lack(byMark(balancedBefore, mark)) !== has) return []
      return has === undefined
        ? []
        : [{ service, network: network.name, isIngress: network.ingress, namespace, vip, mark, has }]
    })
  })
}

const byMark = (ipvs: readonly IpvsService[], mark: number): IpvsService | undefined =>
  ipvs.find(({ firewallMark }) => firewallMark === mark)

const allWithoutWeight = 'all tasks for that mark with the weight 0'

/** Undefined where it sends to somebody. */
function lack(service: IpvsService | undefined): string | undefined {
  if (service === undefined) return 'no service for that mark'
  if (service.destinations.length === 0) return 'a service for that mark without any task'
  return service.destinations.every(({ weight }) => weight === 0) ? allWithoutWeight : undefined
}
