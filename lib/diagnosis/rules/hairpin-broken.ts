import type { HostState } from '../../observe/host-state.ts'
import type { Chain, PlacedRule } from '../../observe/ruleset.ts'
import { type TaskWay, wayOfTask } from '../../observe/way-of-task.ts'
import { ingressNamespace } from '../../swarm/namespaces.ts'
import type { PublicReport } from '../../observation/catalog-entry.ts'
import type { ProblemCode } from '../../observation/codes.ts'
import type { LabView, Reported } from '../lab-view.ts'
import { statesOf } from '../meanwhile.ts'
import { describeDecider } from '../node-firewall.ts'
import type { Draft, Rule } from '../rule.ts'

const bridgeSetting = 'net.bridge.bridge-nf-call-iptables'

const reports = {
  dropped: {
    url: 'https://github.com/moby/moby/issues/53713',
    says: 'Since 29.8.0 services no longer reach other services of the same node at the node’s address; with 29.7.2 they did.',
  },
  fixed: {
    url: 'https://github.com/moby/moby/pull/53723',
    says: 'Where communication between containers of a bridge is off, a published port was translated and then dropped for a peer on the same bridge.',
  },
  unfiltered: {
    url: 'https://github.com/moby/moby/pull/13162',
    says: 'The engine loads br_netfilter so that a container can connect to its own host’s port.',
  },
} as const satisfies Readonly<Record<string, PublicReport>>

/** A task asks a published port at its own node’s address: the mesh is behind the bridge that the task is behind. */
export const hairpinBroken: Rule = {
  code: 'hairpin-broken',
  title: 'A task does not reach published ports at the address of its own node',
  severity: ['cause'],
  meaning:
    'Services that call themselves or a neighbour by a public name (a proxy, a runner, a webhook) time out or are refused wherever that name leads to the node they run on. Clients outside, the node itself and tasks of other nodes are answered, so it moves with the tasks.',
  proof: [
    'A task was not answered at its own node’s address, and others were there',
    '`net.bridge.bridge-nf-call-iptables` of that node is 0 and the connection is not masqueraded; or a rule, or a policy, drops what goes from docker_gwbridge to docker_gwbridge; or no rule leads it to the mesh',
  ],
  silencedBy: [
    'The port does not answer others at that node either',
    'The rules lead the connection to `ingress_sbox`, accept it, and bridges are filtered',
    'The node’s firewall could not be read',
  ],
  remedy: [
    '`sysctl -w net.bridge.bridge-nf-call-iptables=1`, and the same in `/etc/sysctl.d`, where it is 0',
    'Where a rule drops it: `iptables -I DOCKER-USER -i docker_gwbridge -o docker_gwbridge -m conntrack --ctstate DNAT -j ACCEPT`',
    'Ask by the service’s name on a common network instead of by the node’s address',
    'Engine 29.8.0: an engine whose release notes say that moby#53713 is fixed, or 29.7',
  ],
  reports: [reports.dropped, reports.fixed, reports.unfiltered],
  find(lab) {
    const silent = lab.problems('own-node-not-answering-task')
    const nodes = [...new Set(silent.flatMap(({ node }) => node ?? []))]
    return nodes.flatMap((node) => {
      const own = silent.filter((problem) => problem.node === node)
      const [problem] = own
      return problem === undefined || isSilentForOthers(lab, problem) ? [] : draftOf(lab, node, problem)
    })
  },
  gravity: 67,
}

/** Then it is no hairpin. */
function isSilentForOthers({ everyProblem }: LabView, { node, port }: Reported): boolean {
  return everyProblem.some(
    (other) =>
      other.node === node &&
      other.port === port &&
      ['node-not-answering-task', 'port-not-answered', 'own-port-not-answered'].includes(other.code),
  )
}

function draftOf(lab: LabView, node: string, problem: Reported): Draft[] {
  const [state] = statesOf(lab, node)
  const way = state === undefined ? undefined : wayIn(state, problem)
  const why = state === undefined || way === undefined ? undefined : reasonOf(state, way, problem)
  if (why === undefined) return []
  const where = `${problem.address ?? ''}:${problem.port ?? ''}`
  return [
    {
      title: `Tasks on ${node} do not reach port ${problem.port ?? ''} at ${node}'s own address: ${why.title}`,
      cause: `A task leaves ${node} by docker_gwbridge, and the mesh (${ingressNamespace}) is behind the same bridge. ${why.cause} Clients outside, ${node} itself and tasks of other nodes are answered.`,
      remedy: [
        ...why.remedy,
        'Or ask by the name of the service, on a network both are on, instead of by the address of a node',
      ],
      nodes: [node],
      proof: [
        `${problem.ends?.from ?? `a task on ${node}`} at ${where}: ${problem.observed ?? 'not answered'}`,
        ...why.proof.map((line) => `${node}: ${line}`),
      ],
      reports: why.reports,
      explains: (one) => why.explains.includes(one.code) && one.node === node,
    },
  ]
}

function wayIn(state: HostState, { address = '', port = 0, protocol = '' }: Reported): TaskWay | undefined {
  if (state.unavailable.some(({ what }) => what.startsWith('firewall'))) return undefined
  const { root, nftables, namespaces } = state
  const tables = {
    root: { ...root, ...(nftables === undefined ? {} : { nftables }) },
    sandbox: namespaces[ingressNamespace],
  }
  return wayOfTask(tables, { protocol: protocol.toLowerCase(), publishedPort: port }, address)
}

type Reason = Pick<Draft, 'title' | 'cause' | 'remedy'> & {
  readonly explains: readonly ProblemCode[]
  readonly proof: readonly string[]
  readonly reports: readonly PublicReport[]
}

function reasonOf(state: HostState, way: TaskWay, { port = 0 }: Reported): Reason | undefined {
  const { sandbox, translation, keptBy, droppedBy, masqueraded } = way
  if (droppedBy !== undefined && translation !== undefined) return dropped(droppedBy, sandbox)
  if (translation === undefined) return untranslated(keptBy, port)
  const filters = state.root.settings?.[bridgeSetting]
  if (masqueraded || filters !== '0') return undefined
  return {
    title: `${bridgeSetting} is 0 there`,
    cause: `What ${sandbox} answers passes the bridge alone and comes from an address that the task did not ask, for only a firewall that is asked about bridged packets translates it back. The engine switches that on; a later \`sysctl --system\`, libvirt or a hardening script switched it off.`,
    remedy: [
      `\`sysctl -w ${bridgeSetting}=1\`, and a line \`${bridgeSetting} = 1\` in \`/etc/sysctl.d/99-swarm.conf\``,
    ],
    proof: [
      `${bridgeSetting} = 0`,
      ...(state.settingFiles ?? [])
        .filter(({ setting }) => setting === bridgeSetting)
        .map(({ file, value }) => `${file} sets it to ${value}`),
      `${describeDecider(translation)} leads the port to ${sandbox}, and nothing masquerades what comes from docker_gwbridge`,
    ],
    reports: [reports.unfiltered],
    // Nor is the rule asked that keeps containers apart.
    explains: ['own-node-not-answering-task', 'answered-over-gateway-bridge'],
  }
}

function dropped(by: PlacedRule | Chain, sandbox: string): Reason {
  return {
    title: `${describeDecider(by)} drops them`,
    cause: `The port is translated to ${sandbox}, and what goes from docker_gwbridge to docker_gwbridge is dropped before any rule accepts it. Engine 29.8.0 leaves its own rules so.`,
    remedy: [
      '`iptables -I DOCKER-USER -i docker_gwbridge -o docker_gwbridge -m conntrack --ctstate DNAT -j ACCEPT`, where the rule stands behind that chain; otherwise remove the rule',
      'On engine 29.8.0: go back to 29.7, or on to one whose release notes name moby#53713',
    ],
    proof: [`${describeDecider(by)} drops what goes from docker_gwbridge to ${sandbox}`],
    reports: [reports.dropped, reports.fixed],
    explains: ['own-node-not-answering-task'],
  }
}

function untranslated(by: PlacedRule | undefined, port: number): Reason {
  return {
    title:
      by === undefined ? 'no rule leads them to the mesh' : `${describeDecider(by)} sends them past the mesh`,
    cause:
      'What comes from docker_gwbridge is not led to the mesh and ends at the node itself, which passes it on to no task.',
    remedy: [
      by === undefined
        ? '`systemctl restart docker` on the node, which makes the rules of published ports again'
        : 'Remove that rule, or limit it to what it is for: it is asked before the engine’s own',
    ],
    proof: [
      `no rule leads what tasks send to port ${port} to ${ingressNamespace}`,
      ...(by === undefined ? [] : [`${describeDecider(by)} is asked before`]),
    ],
    reports: [reports.dropped],
    explains: ['own-node-not-answering-task'],
  }
}
