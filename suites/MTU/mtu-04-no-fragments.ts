import { requirement } from '../../lib/conformance/test.ts'
import { type ClusterFacts, nodeOf, tasksIn } from '../../lib/observation/facts.ts'
import { refOf, type SeenFrame, seenFrames } from '../../lib/observation/frame.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import { part } from '../../lib/observation/part.ts'
import { nodePairs } from '../../lib/observation/pair-sample.ts'
import { omissionNote } from '../scene/recordings/supported-traffic.ts'
import { outerBytes } from '../scene/judging/overlay-mtu.ts'
import { passedOverTable } from '../scene/recordings/recording.ts'
import { sizes } from '../scene/recordings/sizes.ts'
import { moby, rfc } from '../source.ts'
import { fragmentProblems, overlayFragments } from './fragments.ts'

export const noFragments = requirement({
  id: 'MTU-04',
  requirement: 'At overlay MTU no outer fragment is on the wire.',
  source: [rfc(7348, '4.3'), moby('libnetwork/drivers/overlay')],
  safety: 'production',
  needs: ['two-nodes'],
  method:
    'What leaves the data-path interface of each node is recorded while datagrams of exactly the overlay’s MTU and bulk transfers pass on the clear and on the encrypted network. No ESP or data-path packet between nodes may be an IPv4 fragment. Control: for each ordered pair of nodes a whole packet of full size, overlay MTU plus encapsulation, is in the same recording; without fragments it proves that the largest packets were seen.',
  usualCauses: [
    'the underlay’s MTU is smaller than what the overlay was made for; the kernel fragments VXLAN silently, which costs throughput and is dropped by many clouds and firewalls',
  ],
  remedy: [
    'recreate the network with --opt com.docker.network.driver.mtu=UNDERLAY-MTU',
    'raise the underlay’s MTU on every node and switch',
  ],
  codes: ['fragments-left'],
  changes: [],
  quiet: ['changes'],
  reads: [sizes],
  observe: async (lab) => ({ sizes: await lab.scene(sizes) }),
  judge({ sizes: { wires, mtuBytes, roles, leftOut } }, facts) {
    const { got, missing, unseen } = part(wires, 'capture')
    const frames = seenFrames(got.values())
    const fragments = overlayFragments(frames, facts)
    const leaving = [...got.values()].flatMap(({ whole }) => whole)
    const left = leaving.reduce((sum, { count }) => sum + count, 0)
    const fullSized = roles.map((role) => {
      const { name, vni } = facts.networks[role]
      const outerSize = outerBytes(mtuBytes[role], facts.networks[role])
      const full = leaving.filter(
        (one) => one.bytes === outerSize && (role === 'secret' ? one.kind === 'esp' : one.vni === vni),
      )
      return {
        ...{ role, network: name, outerSize, packets: full.reduce((sum, { count }) => sum + count, 0) },
        frames: frames.filter((frame) => isFull(frame, role, outerSize, vni)),
      }
    })
    const silent = fullSized.map((one) => silentPairs(one, [...got.keys()], facts))
    return judgement({
      problems: fragmentProblems(fragments, facts),
      controls: fullSized.map(({ network, packets }, index) => ({
        name: `whole packets of full size of ${network} between all nodes`,
        held: packets > 0 && silent[index]?.length === 0,
        observed: [packets, ...(silent[index] ?? [])].join(', none '),
      })),
      missing,
      unseen,
      tables: {
        ...passedOverTable(got.values()),
        'controls: whole packets of full size': fullSized.map(
          ({ role, network, outerSize, packets }, index) => ({
            ...{ role, network, outerSize, packets, missing: silent[index] },
          }),
        ),
      },
      packets: {
        'outer fragments': fragments.slice(0, 40).map(refOf),
        'whole packets of full size': fullSized.flatMap((one) => one.frames.slice(0, 10).map(refOf)),
      },
      conclusion:
        left === 0
          ? ''
          : `${left} packets left the nodes, none in fragments; of full size were ${fullSized
              .map(({ role, outerSize, packets }) => `${packets} on ${role} (${outerSize} bytes outside)`)
              .join(' and ')}${omissionNote(leftOut, facts.networks.secret.name)}`,
    })
  },
})

function isFull(frame: SeenFrame, role: 'clear' | 'secret', outerSize: number, vni: number): boolean {
  const { egress, outer, esp, vxlan } = frame
  if (!egress || outer === undefined || outer.fragment !== undefined || outer.bytes !== outerSize)
    return false
  return role === 'secret' ? esp !== undefined : vxlan?.vni === vni
}

/** Pairs of nodes with tasks of the network of which the first was recorded and sent none of these to the second. */
function silentPairs(
  { role, frames }: { readonly role: 'clear' | 'secret'; readonly frames: readonly SeenFrame[] },
  recorded: readonly string[],
  facts: ClusterFacts,
): string[] {
  const holders = [...new Set(tasksIn(facts, role).map(({ node }) => node))]
  return nodePairs(facts, holders, (name) => name)
    .filter(([from]) => recorded.includes(from))
    .filter(([from, to]) => {
      const { address } = nodeOf(facts, to).dataPath
      return !frames.some(({ seenOn, outer }) => seenOn === from && outer?.destination === address)
    })
    .map(([from, to]) => `${from} → ${to}`)
}
