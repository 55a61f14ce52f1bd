import { type Script, scriptLines, sh } from '../script.ts'
import type { Fault } from './fault.ts'
import { scripted, victim } from './scripted.ts'

/** What leaves one node goes through a queueing discipline that the kernel of every lab has that is no container. */
function impairedLink(
  name: string,
  {
    description,
    breaks,
    discipline,
  }: Pick<Fault, 'description' | 'breaks'> & { readonly discipline: Script },
): Fault {
  return {
    ...{ name, description, breaks },
    namedBy: { code: 'queueing-disturbs', at: 'host' },
    besides: [
      'packets-lost-between-nodes',
      'packets-doubled',
      'packets-reordered',
      'packets-changed-on-the-way',
    ],
    plant({ cluster }) {
      const node = victim(cluster)
      const root = sh`dev ${node.dataPath.interface} root`
      return scripted(node, {
        plant: sh`tc qdisc add ${root} ${discipline}`,
        remove: sh`tc qdisc del ${root}`,
      })
    },
  }
}

export const packetsLost = impairedLink('packets-lost', {
  description: 'One node loses every twentieth packet that it sends.',
  breaks: ['OVL-19'],
  discipline: sh`netem loss 5%`,
})

export const packetsDoubled = impairedLink('packets-doubled', {
  description: 'Some of the packets that one node sends arrive twice.',
  breaks: ['OVL-20'],
  discipline: sh`netem duplicate 5%`,
})

export const packetsOvertaken = impairedLink('packets-overtaken', {
  description: 'Some of the packets that one node sends overtake others.',
  breaks: ['OVL-20'],
  discipline: sh`netem delay 60ms reorder 25%`,
})

export const packetsCorrupted = impairedLink('packets-corrupted', {
  description: 'One bit is wrong in some of the packets that one node sends.',
  breaks: ['OVL-19'],
  discipline: sh`netem corrupt 5%`,
})

/** Below what bursts on all networks and full-size datagrams need together, far above what managers and gossip send. */
export const sendingLimited = impairedLink('sending-limited', {
  description: 'What one node sends is limited to 200 kbit/s, as by a plan of its provider.',
  breaks: ['MTU-02'],
  discipline: sh`tbf rate 200kbit burst 4000 latency 40ms`,
})

/** Offsets from the outer IP header: 8 of UDP, 8 of VXLAN, 14 of Ethernet and the inner header of IP follow its 20. */
const inner = { protocol: 59, udpChecksum: 76, tcpChecksum: 86 }

export const innerChecksumsBroken: Fault = {
  name: 'inner-checksums-broken',
  description: 'Datagrams and segments leave one node in VXLAN with wrong checksums; echoes are sound.',
  breaks: ['VXL-10', 'OVL-03'],
  namedBy: { code: 'inner-checksums-not-completed', at: 'host' },
  plant({ cluster }) {
    const node = victim(cluster)
    const device = sh`dev ${node.dataPath.interface}`
    const inverted = (protocol: number, offset: number): Script =>
      sh`tc filter add ${device} egress protocol ip u32 match ip protocol 17 0xff match u16 ${cluster.dataPathPort} 0xffff at 22 match u8 ${protocol} 0xff at ${inner.protocol} action pedit munge offset ${offset} u16 invert pipe action pass`
    return scripted(node, {
      plant: scriptLines([
        sh`tc qdisc add ${device} clsact`,
        ...[inverted(17, inner.udpChecksum), inverted(6, inner.tcpChecksum)],
      ]),
      remove: sh`tc qdisc del ${device} clsact`,
    })
  },
}
