import { inWords } from '../in-words.ts'
import type { ProbeSeen } from '../../observation/probe-seen.ts'
import { deviceTo } from '../../observe/route.ts'
import { packetDrops } from '../firewall-drops.ts'
import type { LabView, Reported } from '../lab-view.ts'
import { statesOf } from '../meanwhile.ts'
import { droppingNamespaces, metBy, passes } from '../namespace-drops.ts'
import { namesOfPrograms, tasksMadeAgain } from '../names-of-programs.ts'
import type { Draft, Rule } from '../rule.ts'

/** Nameservers that answer nothing: names of outside are not found, and every look-up of one waits. */
export const nameserversDead: Rule = {
  code: 'nameservers-dead',
  title: 'No nameserver of a node answers',
  severity: ['cause'],
  meaning:
    'The engine’s resolver passes on what no service is called to the nameservers of the host. Where none answers, each such question takes four seconds and more: programs that ask for a name with a suffix first, or for names outside, seem to hang, while services are found at once by their bare names.',
  proof: [
    'A question of the node’s own, from its own namespace, to each of the nameservers that its resolv.conf names got no answer of any kind',
    'Rules of the node drop what nameservers answer, where they do: no rule accepts answers before',
    'A rule or a policy of OUTPUT on the node drops them, where one does: that keeps the questions of tasks as well, which engines from 28 on send from there',
    'The same in the namespace of the task that asked, from which older engines send them',
  ],
  silencedBy: [
    'One of them answered, were it only a refusal',
    'The question of a task was sent to no nameserver, and no rule of the node drops what it sends to them: then it ends at the resolver',
  ],
  remedy: [
    '`dig @NAMESERVER example.com` on the node, and the same on another',
    'Name one that answers in `/etc/resolv.conf`, or `"dns": ["ADDRESS"]` in `/etc/docker/daemon.json`, and make the tasks again',
  ],
  reports: [
    {
      url: 'https://github.com/moby/moby/issues/31960',
      says: 'Names of outside took ten seconds in containers.',
    },
  ],
  find(lab) {
    const silent = lab.problems('nameservers-silent')
    const asked = (namesOfPrograms(lab)?.asked ?? []).filter(({ by }) => by === 'host')
    return [
      ...silent.flatMap(({ node, address = '' }): Draft[] =>
        node === undefined ? [] : [draftOf(lab, { node, servers: address.split(', '), asked })],
      ),
      ...unforwarded(lab),
    ]
  },
  gravity: 97,
}

/** What a host asked a nameserver. */
interface HostAsked {
  readonly node: string
  readonly probe: ProbeSeen
}

interface Silence {
  readonly node: string
  readonly servers: readonly string[]
  /** By every host. */
  readonly asked: readonly HostAsked[]
}

/** Questions of tasks that were sent nowhere, where the host gets no answer either because its own rules drop them. */
function unforwarded(lab: LabView): Draft[] {
  const { names = [] } = (lab.scene('DSC-06') ?? {}) as {
    readonly names?: readonly (HostAsked & { readonly by: string })[]
  }
  const asked = names.filter(({ by }) => by === 'host')
  return lab.problems('question-not-forwarded').flatMap(({ node, expected = '' }): Draft[] => {
    if (node === undefined) return []
    const servers = String(expected).split(', ')
    const own = asked.filter((one) => one.node === node)
    const isSilent = own.length > 0 && own.every(({ probe }) => probe.dns === undefined)
    return isSilent && dropsOfQuestions(lab, node, servers).length > 0
      ? [draftOf(lab, { node, servers, asked })]
      : []
  })
}

/** What drops questions in the namespaces of tasks, and what takes it away. */
function dropsInTasks(lab: LabView, node: string): { readonly rule: string; readonly removal: string }[] {
  const unsent = lab.problems('question-not-forwarded').filter((problem) => problem.node === node)
  return droppingNamespaces(node, lab).flatMap((namespace) =>
    unsent
      .filter((problem) => passes(problem, node, namespace, lab))
      .flatMap((problem) => metBy(problem, namespace, lab))
      .map(({ rule: { table, chain, text }, packets }) => ({
        rule: `${namespace.name}: ${table} ${chain}: ${text}, ${packets} packets meanwhile`,
        removal: table.includes(' ')
          ? `\`nsenter --net=/run/docker/netns/${namespace.name} nft -a list chain ${table} ${chain}\``
          : `\`nsenter --net=/run/docker/netns/${namespace.name} iptables -t ${table} -D ${chain} ${text}\``,
      })),
  )
}

/** Rules of the node that drop what it sends to all of these nameservers. */
function dropsOfQuestions(lab: LabView, node: string, servers: readonly string[]): string[] {
  return dropsOfAll(servers, (destination) =>
    packetDrops(
      lab,
      node,
      [
        {
          ...{ protocol: 'udp', destination, destinationPort: 53, state: 'new' },
          ...{ fromHost: true, toHost: destination.startsWith('127.'), in: '' },
        },
      ],
      ['output', 'postrouting'],
    ),
  )
}

/** Rules of the node that drop what all of these nameservers answer it. */
function dropsOfAnswers(lab: LabView, node: string, servers: readonly string[]): string[] {
  const [state] = statesOf(lab, node)
  return dropsOfAll(servers, (source) => {
    const device = deviceTo(state?.root.routes ?? [], source)
    // What comes by loopback is not followed.
    return device === undefined || source.startsWith('127.')
      ? []
      : packetDrops(
          lab,
          node,
          [
            {
              ...{ protocol: 'udp', source, sourcePort: 53, state: 'established', in: device },
              ...{ fromHost: false, toHost: true },
            },
          ],
          ['prerouting', 'input'],
        )
  })
}

function dropsOfAll(
  servers: readonly string[],
  dropsOf: (server: string) => ReturnType<typeof packetDrops>,
): string[] {
  const each = servers.map((server) =>
    dropsOf(server).filter(({ packets, certain }) => certain && packets !== 0),
  )
  return each.some((drops) => drops.length === 0)
    ? []
    : [
        ...new Set(
          each
            .flat()
            .map(
              ({ rule, packets }) =>
                `${rule}${packets === undefined ? '' : `, ${packets} packets meanwhile`}`,
            ),
        ),
      ]
}

function draftOf(lab: LabView, { node, servers, asked }: Silence): Draft {
  const answering = asked.filter(({ probe }) => probe.dns !== undefined)
  const elsewhere = answering.filter(({ probe }) => servers.includes(probe.to) && !isOwn(probe.to))
  const heard = [...new Set(elsewhere.map((one) => one.node))]
  const other = answering.find(({ probe }) => !probe.to.startsWith('127.'))?.probe.to
  const drops = dropsOfQuestions(lab, node, servers)
  const [drop] = drops
  const unheard = drop === undefined ? dropsOfAnswers(lab, node, servers) : []
  const [dropOfAnswers] = unheard
  const inTasks = drop === undefined ? [] : dropsInTasks(lab, node)
  const address = servers.join(', ')
  const isAlike = drop === undefined && dropOfAnswers === undefined
  const reached =
    heard.length === 0 ? '' : `, which ${servers.length === 1 ? 'answers' : 'answer'} ${inWords(heard)}`
  return {
    ...(isAlike
      ? {
          alike: {
            key: `${address} ${heard.join(' ')}`,
            told: (nodes) => ({
              title: `No nameserver of ${nodes} answers them: ${address}${reached}`,
              cause: `What is no service's name is passed on to the nameservers of the node, and none answers ${nodes}: names outside are not found, and each question for one takes four seconds and more. ${whyUnheard(heard, servers)}`,
              remedy: whatToDo(nodes, { servers, heard, other }),
            }),
          },
        }
      : {}),
    title: `No nameserver of ${node} answers it: ${address}${reached}${drop === undefined ? '' : `; ${node}'s own firewall drops the questions: ${drop}`}${dropOfAnswers === undefined ? '' : `; ${node}'s own firewall drops the answers: ${dropOfAnswers}`}`,
    cause: `What is no service's name is passed on to the nameservers of ${node}, and none answers: names outside are not found, and each question for one takes four seconds and more. ${drop !== undefined ? `The questions do not leave ${node}.` : dropOfAnswers !== undefined ? `Whatever they answer is dropped as it comes to ${node}, for nothing accepts answers before.` : whyUnheard(heard, servers)}`,
    remedy:
      dropOfAnswers !== undefined
        ? [
            `On ${node} accept answers before that: \`iptables -I INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\`, or in nftables \`ct state established,related accept\`; keep that in whatever writes the rules`,
            'See that it counts no more: `iptables-save -c | grep INPUT`, `nft list ruleset`',
          ]
        : drop === undefined
          ? whatToDo(node, { servers, heard, other })
          : [
              `On ${node} take that rule away, or accept before it: \`iptables -I OUTPUT -p udp --dport 53 -d ${servers[0] ?? ''} -j ACCEPT\`, and the same for TCP; keep that in whatever writes the rules`,
              ...inTasks.map(({ removal }) => `On ${node}, in the namespace of the task, too: ${removal}`),
              'See that it counts no more: `iptables-save -c | grep -E "OUTPUT|POSTROUTING"`, `nft list ruleset`',
            ],
    nodes: [node],
    proof: [
      ...asked
        .filter((one) => one.node === node)
        .map(
          ({ probe }) =>
            `${node}: ${probe.to} was asked for 1 name: ${probe.outcome} after ${Math.round(probe.elapsedMs)} ms`,
        ),
      ...[...drops, ...unheard].map((one) => `${node}: ${one}`),
      ...inTasks.map(({ rule }) => `${node}, ${rule}`),
    ],
    explains: (problem) => problem.node === node && ofNameservers(problem, drop !== undefined),
  }
}

/** Each host has a resolver of its own there: what answers on another is another program. */
const isOwn = (server: string): boolean => server.startsWith('127.')

const whyUnheard = (heard: readonly string[], servers: readonly string[]): string =>
  servers.every(isOwn)
    ? 'The address is of the host itself: its own resolver (systemd-resolved at 127.0.0.53, dnsmasq, unbound) does not run, or gets no answer from those that it asks.'
    : heard.length === 0
      ? 'The nameserver is down, or is another than it should be.'
      : 'It lives, so what is between it and this node drops the questions or the answers.'

interface Heard {
  readonly servers: readonly string[]
  /** Nodes that these servers answer. */
  readonly heard: readonly string[]
  /** One that answers a node. */
  readonly other: string | undefined
}

function whatToDo(nodes: string, { servers, heard, other }: Heard): string[] {
  const [server = ''] = servers
  return [
    ...(servers.every(isOwn)
      ? [
          `On ${nodes}: \`ss -lnup sport = :53\` shows whether anything listens at ${server}; of systemd-resolved \`resolvectl status\` shows whom it asks, \`systemctl restart systemd-resolved\` starts it again`,
        ]
      : []),
    heard.length > 0
      ? `On ${nodes}: \`dig @${server} example.com\`, and see what drops UDP 53 between: \`iptables -nvL OUTPUT\`, \`ip route get ${server}\``
      : `On ${nodes}: name one that answers in \`/etc/resolv.conf\`${other === undefined ? '' : `, such as ${other}, which answers other nodes`}`,
    'Or for all tasks of an engine: `"dns": ["ADDRESS"]` in `/etc/docker/daemon.json`',
    tasksMadeAgain(),
  ]
}

function ofNameservers({ code }: Reported, isDropped: boolean): boolean {
  return (
    code === 'nameservers-silent' ||
    code === 'name-not-inherited' ||
    (isDropped && code === 'question-not-forwarded')
  )
}
