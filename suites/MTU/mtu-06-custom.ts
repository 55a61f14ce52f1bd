import { requirement } from '../../lib/conformance/test.ts'
import { refOf, seenFrames } from '../../lib/observation/frame.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import { gather, part } from '../../lib/observation/part.ts'
import { kernel } from '../scene/judging/kernel-seen.ts'
import { sizes } from '../scene/recordings/sizes.ts'
import { networkViewsSeen } from '../scene/recordings/views.ts'
import { docs, moby } from '../source.ts'
import { customMtuOutcome, largerProblems, networksWithMtu, settingProblems } from './custom-mtu.ts'
import { sizeProblem } from './size-problem.ts'

export const customMtu = requirement({
  id: 'MTU-06',
  requirement:
    'A custom MTU (network option; ingress recreated with 1200) reaches the interfaces and the wire.',
  source: [docs('Customize the ingress network'), moby('libnetwork/drivers/overlay/encryption.go, maxMTU')],
  safety: 'lab',
  needs: ['two-nodes', 'ipvs', 'custom-mtu'],
  method:
    'For the clear network and for ingress, as far as the topology gives them an MTU: the engine must state the option, every interface of theirs on every node must have what follows from it (50 bytes less), and while datagrams of exactly that size, bulk transfers and requests through the mesh pass, no packet of theirs that leaves a node may be larger than the MTU asked for. Datagrams of exactly the size must be answered, a byte more refused on the spot. Control: packets of exactly the full size are in the recording, so larger ones would be, too.',
  usualCauses: [
    'the option was given to docker_gwbridge or to the daemon, not to the overlay network: it is --opt com.docker.network.driver.mtu=N',
    'ingress was recreated without the option',
    'somebody set the MTU of an interface by hand',
  ],
  remedy: [
    'docker network inspect NETWORK --format "{{json .Options}}"',
    'ip link show in /run/docker/netns/1-… on the node named',
    'recreate the network with the option; tasks keep their interfaces until they are recreated, too',
  ],
  codes: [
    'engine-states-otherwise',
    'interface-mtu-wrong',
    'larger-than-asked',
    'full-size-unanswered',
    'full-size-refused',
    'oversize-passed',
    'oversize-not-refused',
  ],
  changes: [],
  quiet: ['changes'],
  reads: [kernel, networkViewsSeen, sizes],
  observe: async (lab) => ({
    kernel: await lab.scene(kernel),
    views: await lab.scene(networkViewsSeen),
    sizes: await lab.scene(sizes),
  }),
  judge({ kernel: states, views, sizes: { wires, datagrams } }, facts) {
    const { got, missing, unseen } = part(wires, 'capture')
    const { wanted, absent } = networksWithMtu(facts)
    const looks = wanted.map((one) =>
      customMtuOutcome(one, { states, views, wires: [...got.values()], facts }),
    )
    const sized = datagrams.filter(({ network }) =>
      wanted.some((one) => one.network.id === facts.networks[network].id),
    )
    const tooLarge = looks.map(({ network, limit }) => ({
      network,
      frames: seenFrames(got.values()).filter(
        ({ egress, vxlan, outer }) => egress && vxlan?.vni === network.vni && (outer?.bytes ?? 0) > limit,
      ),
    }))
    const rows = looks.map(({ network, interfaces, inside, largest, full }) => ({
      ...{ network: network.name, interfaces: interfaces.length, inside, largest, full },
    }))
    return judgement({
      problems: [
        ...looks.flatMap((look) => [...settingProblems(look, facts), ...largerProblems(look)]),
        // Whether packets of full size were recorded says nothing about those that were not answered.
        ...sized.flatMap((datagram) => sizeProblem(datagram, facts)).map((one) => ({ ...one, controls: [] })),
      ],
      controls: looks.map(({ network, full }) => ({
        ...{ name: `packets of full size of ${network.name} recorded`, held: full > 0, observed: full },
      })),
      missing: gather([...missing, ...looks.flatMap((look) => look.missing)]),
      unseen: [...unseen, ...absent, ...looks.flatMap((look) => look.unseen)],
      tables: { 'interfaces, and packets on the wire in bytes': rows },
      packets: Object.fromEntries(
        tooLarge.map(({ network, frames }) => [
          `too large on ${network.name}`,
          frames.slice(0, 20).map(refOf),
        ]),
      ),
      conclusion: rows
        .map(
          ({ network, interfaces, inside, largest, full }) =>
            `${network}: ${interfaces} interfaces have ${inside}, the largest of its packets on the wire has ${largest} bytes (${full} of them)`,
        )
        .join('; '),
    })
  },
})
