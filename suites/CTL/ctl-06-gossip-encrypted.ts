import { requirement } from '../../lib/conformance/test.ts'
import { type ClusterFacts } from '../../lib/observation/facts.ts'
import { refOf, type SeenFrame, seenFrames } from '../../lib/observation/frame.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import { part } from '../../lib/observation/part.ts'
import { distinct, type Problem } from '../../lib/observation/problem.ts'
import { nodePairs } from '../../lib/observation/pair-sample.ts'
import { control } from '../scene/recordings/control.ts'
import { docs, moby } from '../source.ts'
import type { ClearDatagram } from './gossip-datagrams.ts'
import { secretsOf } from './readable-names.ts'
import { gossipPort } from '../../lib/topology/swarm-defaults.ts'

export const gossipEncrypted = requirement({
  id: 'CTL-06',
  requirement:
    'Gossip payload on 7946 is encrypted: no service, task or network name readable in any datagram.',
  source: [docs('Swarm and types of traffic'), moby('hashicorp/memberlist, security.go')],
  safety: 'production',
  needs: ['two-nodes'],
  method:
    'Every datagram of port 7946 that is recorded on the advertise interface of any node must have the form memberlist gives to what it encrypts, and hold no name or id of a service, task, network or node. Controls: gossip of every ordered pair of nodes was recorded, and the same matcher finds a word sent in clear in the same recordings.',
  usualCauses: [
    'something that is no engine sends to 7946/udp: a scanner, a health check, a monitor that speaks memberlist without the swarm’s keys',
    'an engine gossips without keys because it missed them when it joined',
  ],
  remedy: [
    'see who sends it: tcpdump -nXi INTERFACE udp port 7946',
    'allow 7946 from swarm nodes only; restart the engine of the node named, so that it fetches the keys again',
  ],
  codes: ['datagram-not-encrypted', 'name-readable'],
  changes: [],
  quiet: [],
  reads: [control],
  observe: async (lab) => ({ control: await lab.scene(control) }),
  judge({ control: { wires, clearDatagrams: clear, waitedMs } }, facts) {
    const { got, missing, unseen } = part(wires, 'capture')
    const everything = seenFrames(got.values())
    const datagrams = everything.filter(
      ({ udp, vxlan }) => vxlan === undefined && (udp?.from === gossipPort || udp?.to === gossipPort),
    )
    const found = everything.filter(({ matched }) => matched.includes('readable')).length
    const silent = nodePairs(
      facts,
      facts.nodes.filter(({ name }) => got.has(name)),
      ({ name }) => name,
    ).filter(
      ([from, to]) =>
        !datagrams.some(
          ({ egress, seenOn, outer }) =>
            egress && seenOn === from.name && outer?.destination === to.advertise.address,
        ),
    )
    const bad = clear.flatMap((one) => {
      const frame = datagrams.find(({ seenOn, index }) => seenOn === one.node && index === one.index)
      return frame === undefined ? [] : [{ frame, problems: problemsOf(one, frame, facts) }]
    })
    const sizes = datagrams.map(({ outer }) => outer?.bytes ?? 0)
    const names = secretsOf(facts).length
    return judgement({
      problems: distinct(bad.flatMap(({ problems }) => problems)),
      controls: [{ name: 'words sent in clear found by the same matcher', held: found > 0, observed: found }],
      missing,
      unseen:
        silent.length === 0
          ? unseen
          : [
              ...unseen,
              {
                what: `gossip from ${silent.map(([from, to]) => `${from.name} to ${to.name}`).join(', ')}`,
                ...{
                  nodes: [],
                  why: `none was recorded within ${(waitedMs / 1000).toFixed(0)} s; see CTL-03`,
                },
              },
            ],
      tables: {
        'datagrams of port 7946': {
          seen: datagrams.length,
          sizesBytes: { least: Math.min(...sizes), most: Math.max(...sizes) },
          namesLookedFor: names,
        },
        'control: packets with the word sent in clear that the same matcher found': found,
      },
      packets: {
        [bad.length === 0 ? 'some of the datagrams' : 'datagrams that are not encrypted']: (bad.length === 0
          ? datagrams
          : bad.map(({ frame }) => frame)
        )
          .slice(0, 40)
          .map(refOf),
      },
      conclusion:
        datagrams.length === 0
          ? ''
          : `${datagrams.length} datagrams of port 7946, of all ${nodePairs(facts, facts.nodes, ({ name }) => name).length} ordered pairs of nodes, have the form of encrypted ones; none of ${names} names and ids is readable, while the same matcher found ${found} packets with the word sent in clear`,
    })
  },
})

const forms = {
  'too-short': 'has too few bytes for a nonce and a tag',
  'other-version': 'does not begin with the version of encryption engines use',
  'readable-text': 'is mostly readable text',
} as const

function problemsOf(
  { node, form, begins, readable }: ClearDatagram,
  frame: SeenFrame,
  facts: ClusterFacts,
): Problem[] {
  const name = (address: string | undefined): string =>
    facts.nodes.find(({ advertise }) => advertise.address === address)?.name ?? address ?? ''
  const { outer, udp } = frame
  const subject = `${name(outer?.source)}:${udp?.from} → ${name(outer?.destination)}:${udp?.to}`
  const path = { from: name(outer?.source), to: name(outer?.destination) }
  const where = { kind: 'seen' as const, node, path, subject, port: gossipPort, protocol: 'UDP' }
  return [
    ...(form === undefined
      ? []
      : [{ ...where, code: 'datagram-not-encrypted' as const, observed: `${forms[form]} (${begins})` }]),
    ...readable.map((observed) => ({ ...where, code: 'name-readable' as const, observed })),
  ]
}
