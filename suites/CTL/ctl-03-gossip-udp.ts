import { observePart } from '../../lib/conformance/missing.ts'
import type { Host } from '../../lib/host/host.ts'
import { requirement } from '../../lib/conformance/test.ts'
import { type NodeFacts } from '../../lib/observation/facts.ts'
import { type PacketRef, refOf, type SeenFrame, seenFrames } from '../../lib/observation/frame.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import { part } from '../../lib/observation/part.ts'
import type { Problem } from '../../lib/observation/problem.ts'
import { nodePairs } from '../../lib/observation/pair-sample.ts'
import { engineLogLines } from '../../lib/swarm/engine-log.ts'
import { control, controlWithinMs } from '../scene/recordings/control.ts'
import { docs } from '../source.ts'
import { aboutGivingUp, aboutJoining, aboutUdpProbes, failedUdpProbes } from './udp-probes.ts'
import { type FramesByPlace, framesByPlace } from './frames-by-place.ts'
import { gossipPort } from '../../lib/topology/swarm-defaults.ts'

export const gossipUdp = requirement({
  id: 'CTL-03',
  requirement: '7946/udp gossip flows both ways between nodes: datagrams seen leaving A and arriving at B.',
  source: [docs('Firewall considerations')],
  safety: 'production',
  quick: true,
  needs: ['two-nodes'],
  method:
    'The engines’ own gossip is recorded on the advertise interface of every node, for at most 30 s. For every ordered pair of nodes a datagram must be seen leaving the first and, with the same payload, arriving at the second.',
  usualCauses: [
    'a firewall or security group blocks 7946/udp, often in one direction only',
    'the network drops or limits UDP',
    'the engine of a node is down, so nobody gossips with it',
  ],
  remedy: [
    'on both nodes: tcpdump -ni INTERFACE udp port 7946',
    'leaves but does not arrive: open 7946/udp in what lies between',
    'does not leave: iptables -nvL OUTPUT, docker node ls, the engine’s log for "memberlist"',
  ],
  codes: ['gossip-never-left', 'gossip-lost-on-the-way', 'gossip-unanswered', 'udp-probes-failed'],
  changes: [],
  quiet: [],
  reads: [control],
  observe: async (lab) => ({
    control: await lab.scene(control),
    // What memberlist says of UDP, in each engine's own log; where there is none, captures alone tell.
    logs: Object.fromEntries(
      await Promise.all(
        lab.cluster.nodes.map(
          async ({ host }) => [host.name, await observePart(() => gossipLines(host))] as const,
        ),
      ),
    ),
  }),
  judge({ control: { wires, waitedMs }, logs }, facts) {
    const { got, missing, unseen } = part(wires, 'capture')
    const frames = framesByPlace(seenFrames(got.values()).filter(isGossip), ({ digest }) => digest)
    const pairs = nodePairs(
      facts,
      facts.nodes.filter(({ name }) => got.has(name)),
      ({ name }) => name,
    ).map(([from, to]) => trafficOf(from, to, frames))
    const began = [...got.values()].map(({ startedAt }) => Date.parse(startedAt)).sort((a, b) => a - b)[0]
    const failed = failedUdpProbes(
      part(logs, 'log').got,
      facts,
      new Date(began ?? Date.parse(facts.readAt)).toISOString(),
    )
    const arrived = pairs.reduce((sum, pair) => sum + pair.arrived, 0)
    const left = pairs.reduce((sum, pair) => sum + pair.left, 0)
    return judgement({
      problems: [...pairs.flatMap(problemsOf), ...failed],
      measures: [
        {
          name: 'time until gossip of every pair and a heartbeat of each node were recorded',
          ...{ value: waitedMs, unit: 'ms', bound: controlWithinMs(facts.nodes.length) },
        },
      ],
      missing,
      unseen,
      tables: { 'gossip datagrams by ordered pair': pairs.map(({ example: _, ...pair }) => pair) },
      packets: { 'one datagram of each pair, leaving and arriving': pairs.flatMap(({ example }) => example) },
      conclusion:
        pairs.length === 0
          ? ''
          : `${arrived} of ${left} datagrams of ${pairs.length} ordered pairs were seen leaving one node and arriving at the other`,
    })
  },
})

/** The last complaints about UDP, who joined by which id, and who was given up. */
function gossipLines(host: Host): Promise<string[]> {
  return engineLogLines(host, aboutJoining, aboutGivingUp, aboutUdpProbes)
}

interface PairTraffic {
  readonly from: string
  readonly to: string
  readonly left: number
  readonly arrived: number
  /** Datagrams that the receiver sent back while it was recorded. */
  readonly back: number
  readonly example: readonly PacketRef[]
}

/** Below so many datagrams in one direction none in the other may be chance. */
const leastForSilence = 5

function isGossip({ udp, vxlan }: SeenFrame): boolean {
  return vxlan === undefined && udp?.from === gossipPort && udp.to === gossipPort
}

function trafficOf(from: NodeFacts, to: NodeFacts, frames: FramesByPlace): PairTraffic {
  const left = frames.leaving(from.name, to.advertise.address)
  const there = ({ digest }: SeenFrame) => frames.arriving(to.name, digest)
  const arrived = left.filter((frame) => there(frame) !== undefined)
  const [first] = arrived
  const received = first === undefined ? undefined : there(first)
  return {
    ...{ from: from.name, to: to.name, left: left.length, arrived: arrived.length },
    back: frames.leaving(to.name, from.advertise.address).length,
    example: (first === undefined || received === undefined ? left.slice(0, 1) : [first, received]).map(
      refOf,
    ),
  }
}

function problemsOf({ from, to, left, arrived, back }: PairTraffic): Problem[] {
  const where = { kind: 'missed' as const, path: { from, to }, protocol: 'UDP', port: gossipPort }
  if (left === 0) return [{ ...where, code: 'gossip-never-left' }]
  if (arrived === 0) return [{ ...where, code: 'gossip-lost-on-the-way', expected: left }]
  // Captures see a datagram before the receiver's firewall does: an engine that gets pings answers them.
  return back === 0 && arrived >= leastForSilence
    ? [{ ...where, code: 'gossip-unanswered', node: to, expected: arrived, observed: 0 }]
    : []
}
