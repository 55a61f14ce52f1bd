import { inWords } from '../in-words.ts'
import type { ProblemCode } from '../../observation/codes.ts'
import { nodesOf, type Path } from '../../observation/problem.ts'
import { type LabView, pathsOf, type Reported } from '../lab-view.ts'
import { missesPackets } from '../missed-packets.ts'
import { describeOneWay, oneWayCulprits } from '../one-way.ts'
import type { Draft, Rule } from '../rule.ts'
import { meshRuleMissing } from './mesh-rule-missing.ts'

const wrong: readonly ProblemCode[] = ['checksum-wrong', 'checksum-unfinished']

/** Of so many of the packets, or more, it is a card that never completes them; of fewer, something changes bits. */
const nearlyAll = 0.9

/** Ping passes, TCP and UDP arrive and no receiver takes them, because their checksums inside VXLAN are wrong. */
export const checksumOffload: Rule = {
  code: 'inner-checksums-not-completed',
  title: 'A network card leaves the checksums inside VXLAN wrong: ping passes, TCP and UDP do not',
  severity: ['cause'],
  meaning:
    'The kernel leaves it to the sending card to complete checksums of TCP and UDP, also inside VXLAN. Some cards, virtual ones above all (vmxnet3), do not. The packets arrive, captures show them, the receiving kernel drops them silently; echoes are complete before and pass. Tasks on one host reach each other, names resolve, and nothing works across hosts.',
  proof: [
    'On the node they arrive at, the checksums of nearly all UDP or TCP packets inside VXLAN are wrong, or only sum the pseudo-header',
    'Those of echoes from the same node are right',
  ],
  silencedBy: [
    'Their checksums are right, or nothing of them was recorded whole where it arrived',
    'Checksums that only sum the pseudo-header, of a protocol that is answered: machines on one host hand each other such packets',
    'Echoes have wrong checksums as well, or only some packets have: then bits change on the way, `packets-changed-on-the-way`',
  ],
  remedy: [
    '`ethtool -K INTERFACE tx-checksum-ip-generic off` on the data-path interface of the node that sends them, at once and without a restart',
    'Keep it: in NetworkManager `feature-tx-checksum-ip-generic=false` below `[ethtool]` of the connection, with systemd `TransmitChecksumOffload`-options of a .link file, or a unit that runs ethtool at boot',
    'Or another card: E1000E or virtio instead of vmxnet3, or a later virtual hardware version',
  ],
  reports: [
    {
      url: 'https://github.com/moby/moby/issues/41775',
      says: 'Between nodes ping worked and HTTP timed out until tx-checksum-ip-generic was switched off on every node.',
    },
    {
      url: 'https://github.com/coreos/fedora-coreos-tracker/issues/1372',
      says: 'New machines on vSphere could not use overlays; switching the offload off, or E1000E for vmxnet3, helped.',
    },
    {
      url: 'https://github.com/swarmpit/swarmpit/issues/688',
      says: 'Containers of two nodes did not reach each other on Debian 12 until the offload was switched off on both.',
    },
  ],
  find(lab) {
    const bad = lab.problems(...wrong)
    const culpable = bad.filter(
      (problem) => isInner(problem) && isWhole(problem) && !echoesConcerned(problem, bad),
    )
    return culpable.length === 0 ? [] : [offload(culpable, lab)]
  },
  gravity: 104,
}

/** A share of what arrives was changed on the way, whatever it is. */
export const changedOnTheWay: Rule = {
  code: 'packets-changed-on-the-way',
  title: 'Packets between nodes are changed on the way: their checksums are wrong',
  severity: ['cause', 'advice'],
  meaning:
    'Some packets arrive with other bits than they were sent with. Receivers drop them for their checksums, so it looks like loss, and a packet whose damage the checksum misses is taken for data.',
  proof: ['On the node they arrive at, some packets have checksums that do not fit them, by ordered pair'],
  silencedBy: [
    'All checksums are right',
    'Nearly all TCP and UDP is wrong and echoes are right: `inner-checksums-not-completed`',
    'Segments of TCP alone, where nothing is missed, are advice: a card may join segments before a capture sees them',
  ],
  remedy: [
    '`ethtool -S INTERFACE | grep -i -e crc -e err` on both ends, and the counters of the switch ports between them',
    '`tc qdisc show dev INTERFACE` on the sender (netem corrupt); another cable, port, card or host for what remains',
    'Switch offloads off one after another: `ethtool -K INTERFACE tx off`, then `rx off gro off`, and measure again',
  ],
  reports: [
    {
      url: 'https://github.com/moby/libnetwork/issues/2661',
      says: 'Messages about the path MTU had wrong checksums on an overlay over WireGuard and were dropped.',
    },
  ],
  find(lab) {
    const bad = lab.problems('checksum-wrong')
    return bad.length === 0 ? [] : [changed(bad, lab)]
  },
  gravity: 105,
}

const isInner = ({ subject, protocol }: Reported): boolean =>
  subject === 'inside VXLAN' && (protocol === 'UDP' || protocol === 'TCP')

const isWhole = ({ expected, observed }: Reported): boolean =>
  Number(observed) >= nearlyAll * Number(expected)

function echoesConcerned({ path }: Reported, bad: readonly Reported[]): boolean {
  return bad.some(({ protocol, path: other }) => protocol === 'ICMP' && other?.from === path?.from)
}

function offload(bad: readonly Reported[], lab: LabView): Draft {
  const pairs = pathsOf(bad)
  const senders = [...new Set(pairs.map(({ from }) => from))]
  const protocols = [...new Set(bad.flatMap(({ protocol }) => protocol ?? []))].sort()
  const lacking = meshRuleMissing.find(lab)
  const device = (name: string): string =>
    lab.facts?.nodes.find((node) => node.name === name)?.dataPath.interface ?? 'INTERFACE'
  return {
    title: `${inWords(protocols)} inside VXLAN ${protocols.length > 1 ? 'leave' : 'leaves'} ${inWords(senders)} with wrong checksums: offload of the network card`,
    cause: `${inWords(protocols)} from ${inWords(senders)} arrive on other nodes with checksums that nobody completed, and are dropped there; echoes, whose checksum the kernel makes itself, pass. The card of the sender is left to complete checksums inside VXLAN and does not.`,
    remedy: [
      ...senders.map((name) => `On ${name}: \`ethtool -K ${device(name)} tx-checksum-ip-generic off\``),
      'Keep it over restarts: `feature-tx-checksum-ip-generic=false` below `[ethtool]` in NetworkManager, or a unit that runs ethtool at boot',
    ],
    ...{ nodes: senders, pairs },
    networks: [...new Set(bad.flatMap(({ network }) => network ?? []))],
    proof: bad
      .slice(0, 8)
      .map(
        ({ path, network, protocol, expected, observed, code }) =>
          `${path?.from} → ${path?.to} on ${network}: ${observed} of ${expected} packets of ${protocol} arrived with ${code === 'checksum-unfinished' ? 'the sum of the pseudo-header alone' : 'a wrong checksum'}`,
      ),
    explains: (problem) =>
      (wrong.includes(problem.code) && senders.includes(problem.path?.from ?? '')) ||
      (missesPackets(problem) &&
        isOfTransport(problem) &&
        touches(problem, senders) &&
        !lacking.some((other) => other.explains?.(problem))),
  }
}

/** Between tasks of different nodes, by TCP or UDP; gossip and management have no VXLAN around them. */
function isOfTransport({ requirement, protocol, code }: Reported): boolean {
  if (!/^(OVL|MTU|ING|DSC|LB|ENC-10|RES)/.test(requirement)) return false
  return protocol === undefined || protocol === 'UDP' || protocol === 'TCP' || code.startsWith('transfer-')
}

/** A problem that names no node may be of any. */
function touches(problem: Reported, senders: readonly string[]): boolean {
  const nodes = nodesOf(problem)
  return nodes.length === 0 || nodes.some((node) => senders.includes(node))
}

function changed(bad: readonly Reported[], lab: LabView): Draft {
  const pairs = pathsOf(bad)
  const nodes = lab.nodeNames
  const measured = nodes.flatMap((from) => nodes.filter((to) => to !== from).map((to) => ({ from, to })))
  const culprits = oneWayCulprits(pairs, measured)
  const isPair = (path: Path | undefined): boolean =>
    pairs.some(
      ({ from, to }) => (from === path?.from && to === path.to) || (to === path?.from && from === path.to),
    )
  const shows = bad.some(({ protocol }) => protocol !== 'TCP')
  const isMissed = lab.problems().some(({ kind, path }) => kind === 'missed' && isPair(path))
  return {
    severity: shows || isMissed ? 'cause' : 'advice',
    title: `Packets ${describeOneWay(culprits, pairs)} are changed on the way: their checksums are wrong`,
    cause:
      'Some packets arrive with other bits than they were sent with, echoes and others alike: a cable, a card, a switch, or an offload that breaks what it should complete. Receivers drop them, so that it looks like loss.',
    remedy: changedOnTheWay.remedy,
    nodes: [...new Set([...culprits.senders, ...culprits.receivers])],
    pairs,
    networks: [...new Set(bad.flatMap(({ network }) => network ?? []))],
    proof: bad
      .slice(0, 8)
      .map(
        ({ path, protocol, subject, expected, observed }) =>
          `${path?.from} → ${path?.to}: ${observed} of ${expected} packets of ${protocol} arrived with a wrong checksum ${subject}`,
      ),
    explains: ({ code, path }) =>
      code === 'checksum-wrong' || ((code === 'datagrams-lost' || code === 'not-delivered') && isPair(path)),
  }
}
