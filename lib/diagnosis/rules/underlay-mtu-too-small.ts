import { inWords } from '../in-words.ts'
import type { ProblemCode } from '../../observation/codes.ts'
import type { Path } from '../../observation/problem.ts'
import { culprits, type LabView, pathsOf, placesOf, type Reported } from '../lab-view.ts'
import { nodesRead, statesOf } from '../meanwhile.ts'
import type { Rule } from '../rule.ts'

/** By the settings of interfaces. */
const stated: readonly ProblemCode[] = ['larger-than-underlay']
/** By what was sent. */
const sent: readonly ProblemCode[] = ['full-size-unanswered', 'full-size-refused', 'fragments-left']
/** What comes of it elsewhere. */
const follows: readonly ProblemCode[] = [
  ...[...stated, ...sent],
  ...(['transfer-unanswered', 'transfer-not-whole'] as const),
]

/**
 * Small packets pass, those of the size that the overlays promise do not. Where packets of full size are seen to pass
 * (MTU-02), or small ones are seen to fail between the same nodes (OVL-03), it is something else.
 */
export const underlayMtuTooSmall: Rule = {
  code: 'underlay-mtu-too-small',
  title: 'The underlay carries less than the overlay networks assume',
  severity: ['cause'],
  meaning:
    'The engine takes 1500 bytes for the underlay unless told otherwise and never measures it; VXLAN adds 50 bytes, ESP more. On a VPN, a tunnel or a cloud network with a smaller MTU, pings and handshakes work and transfers hang.',
  proof: [
    'Settings: the largest packet of a network, wrapped, is larger than the MTU of the interface it leaves by',
    'Traffic: probes of the size that the overlay promises are not answered, refused by their own host, or leave in fragments',
  ],
  silencedBy: [
    'Small packets fail between the same nodes on the same network as well (OVL-03): then it is not about size',
    'Packets of full size pass and the path is measured (MTU-02 and MTU-04 hold)',
    'The sender’s own kernel did not send them, for another reason than their size (no room, a rule)',
    'Other packets of full size passed between the same nodes on the same network, either way: an echo comes back as large as it went',
  ],
  remedy: [
    'Measure from host to host: `ping -M do -s 1472 PEER`, smaller until it answers; add 28 for the MTU',
    'Give networks the MTU of the underlay: `docker network create -d overlay --opt com.docker.network.driver.mtu=MTU NAME`; the engine subtracts the overhead itself',
    'Ingress too: `docker network rm ingress` while nothing is published, then create it with `--ingress` and the same option',
    'Or raise the MTU of the underlay: `ip link set INTERFACE mtu 1550`, or more',
  ],
  reports: [
    {
      url: 'https://github.com/moby/moby/issues/36689',
      says: 'Over WireGuard and Tailscale small requests worked and larger ones hung; creating ingress with the MTU of the interface solved it.',
    },
    {
      url: 'https://github.com/moby/libnetwork/issues/2661',
      says: 'Over a WireGuard link with an MTU of 1350 the overlay worked now and then, and a POST hung for ten minutes.',
    },
    {
      url: 'https://github.com/moby/moby/issues/24220',
      says: 'Over a VPN with an MTU of 1300 the head of a page came and its body did not.',
    },
  ],
  find(lab) {
    const passed = passedBetween(lab)
    const silent = silentBetween(lab)
    const problems = lab
      .problems(...stated, ...sent)
      .filter(
        ({ code, path, network, reached }) =>
          code !== 'full-size-unanswered' ||
          (reached !== 'sender' && ![passed, silent].some((ways) => ways.has(wayKey(network, path)))),
      )
    if (problems.length === 0 || (lab.fails('OVL-03') && silent.size === 0)) return []
    if (lab.holds('MTU-02') && lab.holds('MTU-04')) return []
    const pairs = pathsOf(problems)
    const settings = problems.filter(({ code }) => stated.includes(code))
    const nodes = settings.length > 0 ? placesOf(settings) : atFault(pairs, lab)
    const small = lab.holds('OVL-03')
      ? 'Small packets pass between all tasks, packets'
      : lab.fails('OVL-03')
        ? 'Small packets pass between these nodes, packets'
        : 'Packets'
    const where = nodes.length > 0 ? ` (${nodes.join(', ')})` : ''
    const odd = smallerThanOthers(settings, lab)
    return [
      {
        title:
          odd === undefined
            ? `The underlay carries less than the overlay networks assume${where}`
            : `The underlay carries less than the overlay networks assume: ${odd.told}`,
        cause: `${small} of the overlay’s MTU do not pass. The engine takes 1500 bytes for the underlay unless told otherwise and never measures it; VXLAN adds 50 bytes, ESP more. On a VPN, a tunnel or a cloud network with a smaller MTU pings and handshakes work and transfers hang.`,
        remedy: [
          ...(odd === undefined
            ? []
            : [
                `On ${inWords(nodes)}: \`ip link set dev ${odd.device} mtu ${odd.others}\`, and the same in what sets it (netplan, a \`.network\` file, cloud-init), unless what is below carries no more than ${odd.own}`,
              ]),
          'Find what the path carries: `ping -M do -s 1472 PEER` from host to host, smaller until it answers; add 28 for the MTU',
          'Create overlays with the underlay’s MTU: `docker network create -d overlay --opt com.docker.network.driver.mtu=MTU NAME` (the engine subtracts the overhead itself)',
          'Ingress too: remove it while no service publishes a port, and create it again with `--ingress` and the same option; or raise the MTU of the underlay',
        ],
        ...{ nodes, pairs },
        networks: [...new Set(problems.flatMap(({ network }) => network ?? []))],
        proof: [
          ...misfits(lab),
          ...settings
            .slice(0, 2)
            .map(
              ({ node, observed, subject, expected }) =>
                `largest packets become ${observed} bytes on the wire, but ${subject} of ${node} carries ${expected}`,
            ),
          ...problems
            .filter(({ code, path }) => sent.includes(code) && path !== undefined)
            .slice(0, 3)
            .map(({ path, code, protocol, subject, observed, network }) =>
              code === 'fragments-left'
                ? `${path?.from} → ${path?.to}: ${protocol} left in ${observed} outer fragments`
                : `${path?.from} → ${path?.to} on ${network}: ${protocol} of ${subject} was ${code === 'full-size-refused' ? 'refused by its own host' : `not answered (${observed})`}`,
            ),
        ],
        explains: (problem) =>
          problem.code === 'full-size-unanswered'
            ? problems.includes(problem)
            : follows.includes(problem.code) && !silent.has(wayKey(problem.network, problem.path)),
      },
    ]
  },
  gravity: 180,
}

/** Where the interface of some nodes has a smaller MTU than all others have. */
function smallerThanOthers(
  settings: readonly Reported[],
  lab: LabView,
):
  | { readonly told: string; readonly device: string; readonly own: number; readonly others: number }
  | undefined {
  const places = placesOf(settings)
  const sizes = (lab.facts?.nodes ?? []).flatMap(({ name, dataPath }) => {
    const [state] = statesOf(lab, name)
    const link = state?.root.links.find((one) => one.name === dataPath.interface)
    return link === undefined ? [] : [{ name, device: link.name, mtuBytes: link.mtuBytes }]
  })
  const small = sizes.filter(({ name }) => places.includes(name))
  const others = sizes.filter(({ name }) => !places.includes(name)).map(({ mtuBytes }) => mtuBytes)
  const [first] = small
  if (first === undefined || small.length < places.length || others.length === 0) return undefined
  const [own, least] = [Math.max(...small.map(({ mtuBytes }) => mtuBytes)), Math.min(...others)]
  if (own >= least) return undefined
  return {
    told: `${first.device} of ${inWords(small.map(({ name }) => name))} carries ${own} bytes, that of the other nodes ${least}`,
    ...{ device: first.device, own, others: least },
  }
}

/** Of pairs where nothing passes it is not known whether large packets would. */
function atFault(pairs: readonly Path[], lab: LabView): string[] {
  const found = culprits(pairs, lab.nodeNames, lab.facts)
  if (found.length > 0) return found
  const silent = pathsOf(lab.everyProblem.filter(({ code }) => code === 'not-delivered'))
  const concerned = new Set(pairs.flatMap(({ from, to }) => [from, to]))
  return culprits([...pairs, ...silent], lab.nodeNames, lab.facts).filter((node) => concerned.has(node))
}

interface Sized {
  /** Ids of tasks. */
  readonly from: string
  readonly to: string
  readonly network: string
  readonly fits: boolean
  readonly probe: { readonly outcome: string }
}

/** Between which nodes packets of full size were answered, on which network: the answers are as large, the other way. */
function passedBetween(lab: LabView): ReadonlySet<string> {
  const { facts } = lab
  const { datagrams = [] } = (lab.scene('sizes') ?? {}) as { readonly datagrams?: readonly Sized[] }
  const nodeOf = new Map(facts?.tasks.map(({ id, node }) => [id, node]))
  const nameOf = new Map(Object.entries(facts?.networks ?? {}).map(([role, { name }]) => [role, name]))
  return new Set(
    datagrams
      .filter(({ fits, probe }) => fits && probe.outcome === 'answered')
      .flatMap(({ from, to, network }) => {
        const [one, other, name] = [nodeOf.get(from) ?? '', nodeOf.get(to) ?? '', nameOf.get(network)]
        return [wayKey(name, { from: one, to: other }), wayKey(name, { from: other, to: one })]
      }),
  )
}

/** Between which nodes small packets were not answered either, on which network. */
function silentBetween({ everyProblem }: LabView): ReadonlySet<string> {
  return new Set(
    everyProblem.flatMap(({ code, network, path }) =>
      code !== 'not-delivered' || path === undefined
        ? []
        : [wayKey(network, path), wayKey(network, { from: path.to, to: path.from })],
    ),
  )
}

const wayKey = (network = '', path?: Path): string => `${network} ${path?.from} ${path?.to}`

/** VXLAN adds an outer header of IPv4, UDP and its own, and the inner Ethernet header: RFC 7348. */
const vxlanOverheadBytes = 50

/** Networks of anybody, as their VXLAN devices have it: which of them take more than the underlay carries. */
function misfits(lab: LabView): string[] {
  return nodesRead(lab).flatMap((node) => {
    const [state] = statesOf(lab, node)
    const wanted = lab.facts?.nodes.find(({ name }) => name === node)?.dataPath.interface
    const underlay = state?.root.links.find(({ name }) => name === wanted)
    if (state === undefined || underlay === undefined) return []
    const large = Object.entries(state.namespaces).flatMap(([namespace, { links }]) =>
      links
        .filter(
          ({ vxlan, mtuBytes }) => vxlan !== undefined && mtuBytes + vxlanOverheadBytes > underlay.mtuBytes,
        )
        .map(({ mtuBytes }) => `${nameOf(lab, namespace)} (${mtuBytes})`),
    )
    return large.length === 0
      ? []
      : [
          `${node}: ${underlay.name} carries ${underlay.mtuBytes} bytes, ${underlay.mtuBytes - vxlanOverheadBytes} within VXLAN; more is taken by ${large.join(', ')}`,
        ]
  })
}

/** Of a network that is not ours the beginning of its id, which `docker network inspect` takes. */
function nameOf(lab: LabView, namespace: string): string {
  const id = namespace.replace(/^\d+-/, '')
  return (
    Object.values(lab.facts?.networks ?? {}).find((network) => network.id.startsWith(id))?.name ??
    `network ${id}`
  )
}
