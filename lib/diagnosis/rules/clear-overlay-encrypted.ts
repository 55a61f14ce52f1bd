import type { ProblemCode } from '../../observation/codes.ts'
import type { HostState, SecurityPolicy } from '../../observe/host-state.ts'
import type { PlacedRule } from '../../observe/ruleset.ts'
import { type AskedRule, whoDecides } from '../../observe/who-decides.ts'
import { contains } from '../../topology/cidr.ts'
import { type LabView, pathsOf, type Reported } from '../lab-view.ts'
import { statesOf } from '../meanwhile.ts'
import { countedMeanwhile, countTold, deletion, describeDecider, nodeRuleset } from '../node-firewall.ts'
import type { Draft, Rule } from '../rule.ts'

/** No VXLAN of a clear network was seen leaving. */
const unseen: readonly ProblemCode[] = [
  ...(['twin-not-clear', 'not-encapsulated', 'payload-unreadable'] as const),
  ...(['frame-not-on-underlay', 'data-never-left'] as const),
]

/** What encrypts it, towards whom. */
interface Encrypting {
  /** A rule that marks; undefined where the policy asks for no mark. */
  readonly rule?: PlacedRule
  readonly policy: SecurityPolicy
}

/** Traffic of an overlay that is not encrypted leaves a node as ESP: a rule marks it, or a policy takes it without a mark. */
export const clearOverlayEncrypted: Rule = {
  code: 'clear-overlay-encrypted',
  title: 'A node encrypts traffic of overlays that are not encrypted',
  severity: ['cause'],
  meaning:
    'The engine marks VXLAN of encrypted networks alone, by their VNI, and IPsec policies encrypt what has the mark. A rule that marks more, or a policy that asks for no mark, encrypts clear networks as well: they cost what encryption costs, packets grow by it and are fragmented at the MTU that the engine gave them, and pairs of nodes where no encrypted network made IPsec states are cut off.',
  proof: [
    'No VXLAN of a clear network was seen leaving the node for another, and ESP was',
    'A rule of the node marks what leaves with the VNI of that network, by the mark that one of its outbound policies to that node asks for; or such a policy, which covers the data-path port, asks for none',
  ],
  silencedBy: [
    'No rule that is asked about what leaves sets such a mark for the VNI of the clear network',
    'The rule counted no packet while the requirements were verified',
    'The node has no outbound policy for the mark to that peer',
    'The policy that asks for no mark is one of a XFRM interface (`if_id`), or another leaves such packets in clear',
    'Another rule drops what leaves: `outgoing-dropped`',
  ],
  remedy: [
    '`iptables -t mangle -S OUTPUT`: one rule with the mark 0xd0c4e3 for each encrypted network and its VNI, and no other',
    'Limit what marks traffic for a VPN to what the VPN is for, with a mark of its own: `iptables -t mangle -D OUTPUT …`',
    'A policy of another IPsec program (`ip xfrm policy`): leave the data-path port out of it, or accept that all overlays are encrypted and lower their MTU',
  ],
  reports: [],
  find(lab) {
    const problems = lab.problems(...unseen).filter((problem) => senderOf(problem) !== undefined)
    const nodes = [...new Set(problems.flatMap((problem) => senderOf(problem) ?? []))]
    return nodes.flatMap((node) => {
      const [state] = statesOf(lab, node)
      return state === undefined ? [] : draftOf(node, state, problems, lab)
    })
  },
  gravity: 89,
}

const senderOf = ({ path, node }: Reported): string | undefined => path?.from ?? node

function draftOf(node: string, state: HostState, problems: readonly Reported[], lab: LabView): Draft[] {
  const found = problems
    .filter((problem) => senderOf(problem) === node)
    .flatMap((problem) => {
      const by = encrypting(problem, node, state, lab)
      return by === undefined ? [] : [{ problem, by }]
    })
  const [first] = found
  if (first === undefined) return []
  const mine = found.map(({ problem }) => problem)
  const rules = distinctBy(
    found.flatMap(({ by }) => by.rule ?? []),
    describeDecider,
  )
  const policies = distinctBy(
    found.map(({ by }) => by.policy),
    policyTold,
  )
  const { rule, policy } = first.by
  return [
    {
      title: `${node} encrypts traffic of overlays that are not encrypted: ${
        rule === undefined
          ? `its IPsec policy ${policyTold(policy)} asks for no mark`
          : `${describeDecider(rule)} marks it for IPsec`
      }`,
      cause:
        rule === undefined
          ? `An IPsec policy that is not the engine's takes all VXLAN from ${node} to the other node, encrypted network or not. Packets grow by what ESP adds, more than the engine left room for.`
          : `IPsec on ${node} encrypts what has the mark ${markTold(rule)}, which the engine's own rules set for the VNIs of encrypted networks alone. This rule sets it for clear networks as well: they leave as ESP, grow by what it adds, and reach no node to which there are no IPsec states.`,
      remedy: [
        rule === undefined
          ? `On ${node} leave the data-path port out of what the other IPsec program encrypts: \`ip xfrm policy\` lists it, its own configuration makes it (strongSwan, libreswan)`
          : `On ${node}: \`${deletion(rule)}\`, and the same out of whatever writes it`,
        'If a VPN is to encrypt all overlays, encrypt none by `--opt encrypted` and give all of them a smaller MTU: `docker network create --opt com.docker.network.driver.mtu=1350 …`',
      ],
      nodes: [node],
      pairs: pathsOf(mine),
      networks: [...new Set(mine.flatMap(({ network }) => network ?? []))],
      proof: [
        ...rules.map(
          (one) => `${node}: ${describeDecider(one)}${countTold(countedMeanwhile(lab, node, one))}`,
        ),
        ...policies.slice(0, 4).map((one) => `${node}: outbound IPsec policy ${policyTold(one)}`),
        ...mine
          .filter(({ code }) => code === 'twin-not-clear')
          .slice(0, 4)
          .map(
            ({ path, network, observed }) =>
              `no VXLAN of ${network} left ${path?.from} for ${path?.to}, but ${observed} ESP packets`,
          ),
      ],
      explains: (problem) => mine.includes(problem),
    },
  ]
}

function encrypting(problem: Reported, node: string, state: HostState, lab: LabView): Encrypting | undefined {
  const network = lab.networkNamed(problem.network)
  const { facts } = lab
  if (network === undefined || network.encrypted || facts === undefined) return undefined
  const own = facts.nodes.find(({ name }) => name === node)?.dataPath
  const peers = facts.nodes.filter(({ name }) =>
    problem.path === undefined ? name !== node : name === problem.path.to,
  )
  if (own === undefined) return undefined
  for (const { dataPath } of peers) {
    const all = state.securityPolicies.filter((one) =>
      isForVxlan(one, own.address, dataPath.address, facts.dataPathPort),
    )
    const policies = all.filter(isEncrypting)
    // One that leaves packets in clear may be asked first.
    const isSpared = all.some((one) => (one.mark ?? 0) === 0 && !isEncrypting(one))
    // The last mark is the one a packet has.
    const marking = whoDecides(nodeRuleset(state), 'output', {
      ...{ protocol: 'udp', destinationPort: facts.dataPathPort, vni: network.vni, ofKernel: true },
      ...{ source: own.address, destination: dataPath.address, fromHost: true, toHost: false },
      ...{ in: '', out: own.interface },
    }).asked.findLast((one) => isMarking(one, node, lab))
    for (const policy of policies) {
      // Nobody marks traffic of clear networks.
      if ((policy.mark ?? 0) === 0) {
        if (problem.code === 'twin-not-clear' && !isSpared) return { policy }
        continue
      }
      if (marking !== undefined && marking.rule.marks === policy.mark) return { rule: marking.rule, policy }
    }
  }
  return undefined
}

/** Of all packets, or of some that it counted. */
function isMarking({ rule, applies, beyond }: AskedRule, node: string, lab: LabView): boolean {
  if (rule.marks === undefined || beyond) return false
  const counted = countedMeanwhile(lab, node, rule)
  return applies === 'all' ? counted !== 0 : counted !== undefined && counted > 0
}

function isForVxlan(policy: SecurityPolicy, from: string, to: string, port: number): boolean {
  const { direction, source, destination, protocol, destinationPort, interfaceId = 0 } = policy
  return (
    direction === 'out' &&
    interfaceId === 0 &&
    ['udp', '', 'any', '0'].includes(protocol) &&
    (destinationPort ?? port) === port &&
    contains(source, from) &&
    contains(destination, to)
  )
}

/** It has a template; one without lets packets go as they are, as `bypass-lan` of strongSwan does. */
const isEncrypting = ({ spi, requestId }: SecurityPolicy): boolean =>
  spi !== undefined || requestId !== undefined

function policyTold({ source, destination, destinationPort, mark }: SecurityPolicy): string {
  return `${source} → ${destination}${destinationPort === undefined ? '' : ` port ${destinationPort}`}${mark === undefined ? '' : `, mark 0x${mark.toString(16)}`}`
}

const markTold = ({ marks = 0 }: PlacedRule): string => `0x${marks.toString(16)}`

function distinctBy<T>(all: readonly T[], key: (one: T) => string): T[] {
  return [...new Map(all.map((one) => [key(one), one])).values()]
}
