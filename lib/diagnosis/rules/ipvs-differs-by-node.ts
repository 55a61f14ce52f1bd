import { inWords } from '../in-words.ts'
import type { ProblemCode } from '../../observation/codes.ts'
import { type ClusterFacts, type TaskFacts, taskName } from '../../observation/facts.ts'
import { type LabView, placesOf, type Reported } from '../lab-view.ts'
import { statesOf } from '../meanwhile.ts'
import type { Rule } from '../rule.ts'
import { told } from '../told.ts'

const codes: readonly ProblemCode[] = [
  'balancer-lacks-task',
  'balancer-lists-stranger',
  'balancer-weight-zero',
  'balancer-lacks-service',
  'balancer-not-set-up',
  'balanced-without-virtual-ip',
]

/** IPVS is wrong on some nodes and right on others: the nodes do not know the same tasks. */
export const ipvsDiffersByNode: Rule = {
  code: 'ipvs-differs-by-node',
  title: 'IPVS on some nodes does not list the running tasks, on others it does',
  severity: ['cause'],
  meaning:
    'Every node fills IPVS by itself from gossip. Lists that differ by node mean that a node missed an update: connections through it reach tasks that are gone or miss some that run. They fail now and then, depending on where they enter.',
  proof: [
    'IPVS read in the balancer’s namespace on each node, beside the tasks that the engines list: a task is missing, a stranger or a task of a service without virtual IP is listed, a weight is 0, a service or the balancer itself is missing',
    'On at least one other node there is nothing wrong',
  ],
  silencedBy: [
    'IPVS is right on all nodes, or wrong on all: then it is no difference between nodes',
    'The manager states that the service still has the virtual IP that the node balances for: then no node is behind',
  ],
  remedy: [
    'Have the entries written again: `docker service update --force SERVICE`',
    'If that does not help: `docker node update --availability drain NODE`, restart its engine, then `--availability active`',
    'Compare: `nsenter --net=/run/docker/netns/lb_NETWORK ipvsadm -ln` on two nodes; published ports in `ingress_sbox`',
    'Look for lost gossip (CTL-03, CTL-10), which brings it back: `journalctl -u docker | grep memberlist`',
  ],
  reports: [
    {
      url: 'https://github.com/moby/moby/issues/30464',
      says: 'IPVS went wrong on nodes over time, and straight after services were brought up again.',
    },
    {
      url: 'https://github.com/moby/moby/issues/33790',
      says: 'Addresses of tasks that had ended stayed in IPVS, and requests failed now and then.',
    },
    {
      url: 'https://github.com/moby/moby/issues/25325',
      says: 'Scaled from ten tasks to one, a service answered through one host only.',
    },
  ],
  find(lab) {
    const problems = lab.problems(...codes).filter((problem) => !isAsManagersHoldIt(problem, lab))
    const nodes = placesOf(problems)
    if (nodes.length === 0 || nodes.length === lab.nodeNames.length) return []
    const names = inWords(nodes)
    const withoutVip = problems.filter((problem) => isWithoutVip(problem, lab))
    const known = [...new Set(problems.flatMap(({ service }) => service ?? []))].slice(0, 3)
    const services = known.length > 0 ? known : ['SERVICE']
    const isOnlyThat = withoutVip.length === problems.length
    const listsStranger = problems.some((problem) => problem.code === 'balancer-lists-stranger')
    const addresses = [...new Set(withoutVip.flatMap(({ address }) => address ?? []))]
    const listed = addresses.map((address) => whoHas(address, lab)).join(', ')
    const entries = nodes.flatMap((node) => addresses.flatMap((address) => entriesFor(lab, node, address)))
    return [
      {
        title: isOnlyThat
          ? `IPVS on ${names} balances to ${listed}, whose service has no virtual IP; on the other nodes it does not`
          : `IPVS on ${names} ${howItDiffers(problems)}`,
        cause: isOnlyThat
          ? `A service in mode dnsrr has no virtual IP, and no balancer sends to its tasks; those of the other nodes do not. ${entries.some(({ beside }) => beside.length > 0) ? 'Here it stands among the tasks of another service, whose clients reach it in turn: somebody put it there (`ipvsadm`), or a task of that service had the address before and this node missed its end.' : 'Here it stands alone: somebody put it there (`ipvsadm`), or the service was in mode vip before and this node missed the change.'}`
          : `${problems.every(({ code }) => code === 'balancer-weight-zero') ? 'The engine gives a task the weight 0 while it is taken out of service, and takes the entry away then; this one runs, and gets no new connection from there. ' : ''}Every node fills IPVS by itself from the gossip of its peers. Lists that differ by node mean that this node missed an update: connections through it reach tasks that are gone or miss some that run, and fail now and then, depending on where they enter.`,
        remedy: [
          ...entries
            .slice(0, 4)
            .map(
              ({ node, namespace, mark, address }) =>
                `On ${node}: \`nsenter --net=/run/docker/netns/${namespace} ipvsadm -d -f ${mark} -r ${address}\``,
            ),
          `Let the engine write the entries again: ${services.map((name) => `\`docker service update --force ${name}\``).join(', ')}`,
          'If that does not help, drain the node, restart its engine and activate it: `docker node update --availability drain NODE`',
          'See whether gossip is whole (CTL-03, CTL-10): lost datagrams on 7946/udp bring it back',
        ],
        nodes,
        proof: [
          ...told(problems),
          ...entries
            .slice(0, 4)
            .map(
              ({ node, namespace, mark, address, beside }) =>
                `${node}: ${namespace} has ${address} under the mark ${mark}${beside.length === 0 ? ', alone' : `, beside ${beside.join(', ')}`}`,
            ),
        ],
        explains: ({ code, node, path, requirement }) =>
          (codes.includes(code) && nodes.includes(node ?? '')) ||
          (/^(LB-|ING-|RES-04)/.test(requirement) &&
            (!ofConnections.has(code) || listsStranger) &&
            nodes.some((name) => name === node || name === path?.from)),
      },
    ]
  },
  gravity: 170,
}

/** What happens to connections that were made: a list that lacks a task only leads them elsewhere. */
const ofConnections: ReadonlySet<ProblemCode> = new Set<ProblemCode>([
  'connections-reset',
  'idle-connection-lost',
])

/** Nodes balance to a task as long as managers give its service a virtual IP, whatever was asked of them. */
const isAsManagersHoldIt = ({ code, service }: Reported, lab: LabView): boolean =>
  code === 'balanced-without-virtual-ip' &&
  lab.everyProblem.some(
    (other) =>
      (other.code === 'endpoint-mode-unchanged' || other.code === 'virtual-ip-left') &&
      other.service === service,
  )

/** In words of what is wrong, where all of it is one thing. */
function howItDiffers(problems: readonly Reported[]): string {
  const [code, ...others] = new Set(problems.map((problem) => problem.code))
  const named = (field: 'subject' | 'address'): string =>
    inWords([...new Set(problems.flatMap((problem) => problem[field] ?? []))])
  if (others.length === 0 && code === 'balancer-lacks-task')
    return `does not list ${named('subject')}, on the other nodes it does`
  if (others.length === 0 && code === 'balancer-lists-stranger')
    return `lists ${named('address')}, which no running task has; on the other nodes it does not`
  if (others.length === 0 && code === 'balancer-weight-zero')
    return `gives ${named('subject')} the weight 0, no new connections; on the other nodes it does not`
  return 'does not list the running tasks, on the other nodes it does'
}

/** Listed is a task that runs, of a service that no balancer is for. */
function isWithoutVip({ code, address }: Reported, { facts }: LabView): boolean {
  if (code === 'balanced-without-virtual-ip') return true
  if (code !== 'balancer-lists-stranger' || address === undefined || facts === undefined) return false
  const task = taskWith(address, facts)
  return Object.values(facts.services).some(
    ({ name, endpointMode }) => name === task?.service && endpointMode === 'dnsrr',
  )
}

function taskWith(address: string, { tasks }: Pick<ClusterFacts, 'tasks'>): TaskFacts | undefined {
  return tasks.find(({ endpoints }) => Object.values(endpoints).some((one) => one.address === address))
}

function whoHas(address: string, { facts }: LabView): string {
  const task = facts === undefined ? undefined : taskWith(address, facts)
  return task === undefined ? address : taskName(task)
}

interface Entry {
  readonly node: string
  readonly namespace: string
  readonly mark: number
  readonly address: string
  /** What else connections with that mark are balanced to: tasks, or addresses of none. */
  readonly beside: readonly string[]
}

/** Where IPVS of a node lists an address, by the reading that judgements rest on, else the later one. */
function entriesFor(lab: LabView, node: string, address: string): Entry[] {
  const readings = statesOf(lab, node)
    .toReversed()
    .map(({ namespaces }) =>
      Object.entries(namespaces).flatMap(([namespace, { ipvs }]) =>
        ipvs
          .map(({ firewallMark: mark, destinations }) => ({
            ...{ node, namespace, mark, address },
            listed: destinations.map((one) => one.address),
          }))
          .filter(({ listed }) => listed.includes(address))
          .map(({ listed, ...entry }) => ({
            ...entry,
            beside: listed.filter((one) => one !== address).map((one) => whoHas(one, lab)),
          })),
      ),
    )
  return readings.find((entries) => entries.length > 0) ?? []
}
