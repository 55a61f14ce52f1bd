import type { ProblemCode } from '../../observation/codes.ts'
import type { Path } from '../../observation/problem.ts'
import { askedOf } from '../asked-places.ts'
import { type LabView, pathsOf, type Reported } from '../lab-view.ts'
import { statesOf } from '../meanwhile.ts'
import type { Draft, Rule } from '../rule.ts'
import {
  describeTranslation,
  foreignTranslations,
  isTranslated,
  removalOf,
  type Translation,
} from '../translations.ts'

/** DNAT or REDIRECT that is not the engine’s, or a program that listens there, leads swarm traffic elsewhere. */
export const foreignTranslation: Rule = {
  code: 'foreign-translation',
  title: 'A rule that is not the engine’s leads a port or the data path elsewhere (DNAT, REDIRECT)',
  severity: ['cause'],
  meaning:
    'Whatever translates destinations on a node is asked before a socket, the routing mesh or the VXLAN device of the other node gets the packet. A rule that somebody left (forwarding by hand, a transparent proxy, one for a former swarm) opens a port that nobody published, relays one to another node, puts a proxy before a virtual IP, or sends VXLAN to a port on which no engine listens. `docker service ls` shows nothing of it.',
  proof: [
    'A rule of nat, in the host’s own namespace or that of a task, an overlay or a balancer, matches the packets that a requirement sent, and leads them to another address or port than the engine’s rules do',
    'Its counter rose while requirements were verified; one that matches by what cannot be read counts only where something was seen that must not be',
    'Or, for a port that must not answer, a program of the node itself listens there',
    'Or the chain DOCKER-INGRESS of an engine before 29.8 is still asked, and leads to an address that `ingress_sbox` no longer has, while the engine of today has a rule of its own for the port',
  ],
  silencedBy: [
    'It is for another port, protocol, sender or address than what was asked',
    'Its counter did not move',
    'It leads where the engine’s own rules lead: to `ingress_sbox` by the same port, to a container of the node, to the engine’s resolver',
  ],
  remedy: [
    'Find it: `iptables -t nat -S`, `nft list ruleset`; within a namespace `nsenter --net=/run/docker/netns/NAMESPACE iptables -t nat -S`',
    'Delete it, `iptables -t nat -D CHAIN RULE`, and take it out of whatever writes it: a script, firewalld, a sidecar with NET_ADMIN',
  ],
  reports: [
    {
      url: 'https://github.com/ysbaddaden/prax/issues/102',
      says: 'The REDIRECT rules of a local proxy took what containers sent to ports 80 and 443 of others, until they were removed.',
    },
  ],
  find(lab) {
    const found = lab.problems().flatMap((problem) => ledBy(problem, lab))
    const groups = new Map<string, [Led, ...Led[]]>()
    for (const one of found) {
      const key = `${one.node} ${one.rule}`
      const known = groups.get(key)
      if (known === undefined) groups.set(key, [one])
      else known.push(one)
    }
    return [...groups.values()].map((led) => draftOf(led, lab))
  },
  gravity: 69,
}

/** What leads a problem’s packets elsewhere, and whose packets they are. */
interface Led {
  readonly problem: Reported
  readonly what: string
  readonly node: string
  readonly by: Translation | undefined
  /** For people. */
  readonly rule: string
}

function ledBy(problem: Reported, lab: LabView): Led[] {
  if (problem.kind === 'seen' && !ledAstray.includes(problem.code)) return []
  const asked = askedOf(problem, lab)
  for (const { what, at } of asked)
    for (const place of at)
      for (const by of foreignTranslations(lab, place))
        if (accountsFor(problem, by))
          return [{ problem, what, node: by.node, by, rule: describeTranslation(by) }]
  const isLed = asked.some(({ at }) => at.some((place) => isTranslated(lab, place)))
  return isLed ? [] : listening(problem, lab)
}

/** What was seen that must not be, and is where somebody leads packets elsewhere. */
const ledAstray: readonly ProblemCode[] = [
  ...(['unpublished-port-answered', 'host-port-answered-elsewhere', 'host-port-in-mesh'] as const),
  ...(['port-translated-elsewhere', 'answered-by-another', 'altered-on-the-way'] as const),
  ...(['connection-split', 'data-on-other-port', 'data-path-port-differs'] as const),
  ...(['outer-address-differs', 'question-forwarded-elsewhere'] as const),
]

/** Whether it leads there where packets were seen, as far as both are known. */
function accountsFor(
  { code, kind, subject, observed = '' }: Reported,
  { leadsTo, certain }: Translation,
): boolean {
  const [address = '', port = ''] = leadsTo.split(':')
  const seen = String(observed)
  if (code === 'data-on-other-port' || code === 'data-path-port-differs') return port === seen || isOpen(port)
  if (code === 'outer-address-differs')
    return subject === 'destination' && (address === seen || isOpen(address))
  if (code === 'question-forwarded-elsewhere') return seen.split(', ').includes(address) || isOpen(address)
  return certain || kind === 'seen'
}

/** A range, or what is computed. */
const isOpen = (part: string): boolean => part.includes('-') || part.includes('?')

/** Of a port that must not answer: the socket that took it. Engines hold only those of ports that are published. */
function listening(problem: Reported, lab: LabView): Led[] {
  const { node, code, port, protocol = '', address } = problem
  const own = lab.facts?.nodes.find(({ name }) => name === node)
  const isAsked = code === 'unpublished-port-answered' || code === 'host-port-answered-elsewhere'
  if (!isAsked || own === undefined || address !== own.advertise.address) return []
  const [state] = statesOf(lab, own.name)
  const socket = state?.listeners.find(
    (one) => one.port === port && one.protocol === protocol.toLowerCase() && !one.address.startsWith('127.'),
  )
  if (socket === undefined) return []
  const what = `port ${socket.port}/${socket.protocol} of ${own.name}`
  const rule = `a program listens on ${socket.address}, port ${socket.port}/${socket.protocol}`
  return [{ problem, what, node: own.name, by: undefined, rule }]
}

function draftOf(led: readonly [Led, ...Led[]], lab: LabView): Draft {
  const [{ node, by, rule }] = led
  const problems = new Set(led.map(({ problem }) => problem))
  const whats = [...new Set(led.map(({ what }) => what))]
  const own = whats.map((what) => what.replace(` of ${node}`, ''))
  const whose = `${own.slice(0, 3).join(', ')}${own.length > 3 ? ` and ${own.length - 3} more` : ''}`
  const counted =
    by?.packets === undefined ? '' : `, ${by.packets} connection${by.packets === 1 ? '' : 's'} meanwhile`
  const isData = whats.some((what) => what.startsWith('VXLAN'))
  const pairs = isData ? pathsOf([...problems]).filter(({ from, to }) => [from, to].includes(node)) : []
  return {
    ...(by === undefined
      ? {
          title: `A program of ${node} answers on ${whose}: ${rule}`,
          cause: `No rule of ${node} leads the port to a task, and a program of the host has it: a proxy or a relay that somebody started there. Managers do not know of it, and \`docker service ls\` shows no such port.`,
          remedy: [
            `On ${node}: \`ss -lntup | grep ':${problemsPort(led) ?? ''} '\` names the program; end it, or let it listen on an address that clients do not reach`,
          ],
        }
      : {
          title: `${node} leads ${whose} to ${targetOf(by)}: ${rule}${counted}`,
          cause:
            by.isFormer === true
              ? ofFormerEngine
              : `The rule translates the destination before anything else on ${node} gets the packet, and no engine made it. ${isData ? 'The other nodes expect VXLAN at the port and the address the swarm was told, and what goes elsewhere comes to no overlay.' : 'What answers is what the rule leads to, whatever services publish: managers, `docker service ls` and the other nodes show nothing of it.'}`,
          remedy: [
            ...(by.isFormer === true
              ? [
                  `On ${node}: \`iptables -t nat -S | grep -- '-j ${by.rule.chain}'\` shows the rules that lead to the chain; delete each with \`iptables -t nat -D …\`, or restart the host`,
                ]
              : []),
            `On ${node}: ${removalOf(by)}`,
            ...stillTranslated(led, isData ? lab.facts?.dataPathPort : problemsPort(led)),
            ...(by.isFormer === true
              ? []
              : [
                  'Find what writes it, or it comes back: a script that forwards by hand, firewalld, a proxy that takes connections over, a container with NET_ADMIN',
                ]),
          ],
        }),
    nodes: [node],
    pairs,
    networks: [...new Set([...problems].flatMap(({ network }) => network ?? []))],
    proof: [
      `${node}: ${rule}${counted}`,
      ...whats.map((what) => `${what}: ${by === undefined ? 'no rule leads it on' : `to ${targetOf(by)}`}`),
    ],
    explains: (problem) =>
      problems.has(problem) ||
      (isData && isBehind(problem, pairs)) ||
      (by?.isFormer === true && problem.code === 'own-traffic-not-masqueraded' && problem.node === node),
  }
}

const ofFormerEngine =
  'An engine before 29.8 made the chain, and an upgrade in place left it. It holds the address that ingress_sbox had then, and is asked before the rule that the engine has for the port today: what comes to the port goes to an address that nothing has. Managers and `docker service ls` show nothing of it. What the kernel holds of it ends when the host restarts.'

const problemsPort = ([{ problem }]: readonly [Led, ...Led[]]): number | undefined => problem.port

/** Connection tracking asks no rule again: of UDP, VXLAN above all, the former way ends only where nothing is sent for a while. */
function stillTranslated([{ node, by, what }]: readonly [Led, ...Led[]], port: number | undefined): string[] {
  if (by === undefined || by.namespace !== undefined || port === undefined) return []
  const protocol = what.startsWith('VXLAN') || what.includes('/udp') ? 'udp' : 'tcp'
  return [
    `What is translated already stays so as long as packets come: \`conntrack -D -p ${protocol} --orig-port-dst ${port}\` on ${node} (package conntrack)`,
  ]
}

/** What balancers and the mesh miss where the tasks of another node are not reached. */
const unreached: readonly ProblemCode[] = [
  ...(['virtual-ip-silent', 'connections-unanswered', 'requests-unanswered'] as const),
  ...(['task-not-balanced-to', 'shares-unequal', 'idle-connection-lost'] as const),
  ...(['connections-still-fail', 'replacement-not-reached', 'request-failed-in-update'] as const),
  ...(['port-not-answered', 'own-port-not-answered', 'task-not-reached-through-node'] as const),
  ...(['own-node-not-answering-task', 'node-not-answering-task', 'datagrams-lost'] as const),
  ...(['not-delivered', 'transfer-unanswered', 'transfer-not-whole', 'full-size-unanswered'] as const),
]

/** What two nodes miss of each other, or a node of any: what it lacks by itself, such as a rule, is another matter. */
function isBehind({ code, kind, path, node, requirement }: Reported, pairs: readonly Path[]): boolean {
  if (kind !== 'missed' || !/^(OVL|VXL|MTU|DSC|LB|ING|ENC|RES)/.test(requirement)) return false
  return path === undefined
    ? unreached.includes(code) &&
        (node === undefined || pairs.some(({ from, to }) => from === node || to === node))
    : pairs.some(
        ({ from, to }) => (from === path.from && to === path.to) || (from === path.to && to === path.from),
      )
}

/** Where a rule says a port alone, the address stays, or becomes the node’s own. */
function targetOf({ leadsTo }: Translation): string {
  return leadsTo.startsWith(':') ? `port ${leadsTo.slice(1)}` : leadsTo
}
