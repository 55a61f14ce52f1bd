import { requirement } from '../../lib/conformance/test.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import { readGivenAddresses } from '../../lib/swarm/read-addresses.ts'
import { freeSubnetFor } from '../scene/experiments/free-subnet.ts'
import { prefixLengthOf } from '../../lib/topology/cidr.ts'
import { docs } from '../source.ts'

/** "It is recommended that you create overlay networks with /24 blocks": larger ones are reported. */
const recommendedPrefixLength = 24
/** The range for benchmarks (RFC 2544), which no network should have. */
const benchmarks = '198.18.0.0/15'

export const sizeWarning = requirement({
  id: 'OVL-13',
  requirement: 'An overlay larger than /24 is reported as a size-limitation warning.',
  source: [
    docs('Overlay network size limitations'),
    { document: 'Docker docs, docker network create', section: 'Overlay network limitations' },
  ],
  safety: 'production',
  advisory: true,
  needs: [],
  method:
    'Engines create an overlay of any size without a word, so the warning is this verdict: every overlay the manager lists whose subnet holds more than 256 addresses is named, and none is expected. Control: the test creates an overlay of 4096 addresses without a task, in a range nothing on any host uses, and the same look must name that one, too.',
  usualCauses: [
    'the network was created with a larger --subnet, to have room for more tasks',
    'the default address pools were given a shorter mask length than 24',
  ],
  remedy: [
    'use several /24 networks, or --endpoint-mode dnsrr, which needs no virtual IPs, instead of a larger one',
    'docker swarm init --default-addr-pool-mask-length 24',
  ],
  codes: ['larger-than-recommended'],
  changes: ['network'],
  // What goes between listing networks and inspecting them is refused.
  quiet: ['tasks', 'changes'],
  reads: [],
  async observe(lab) {
    const subnet = await freeSubnetFor(lab.cluster, 20, benchmarks)
    await using trial = lab.trial('ovl13')
    const large = await trial.network('large', ['--subnet', subnet])
    const { networks } = await readGivenAddresses(lab.cluster)
    return {
      large: { id: large.id, name: large.name, asked: subnet },
      networks: networks.map(({ id, name, subnet: block }) => ({ id, name, subnet: block })),
    }
  },
  judge({ large, networks }, { manager }) {
    const own = networks.filter(({ id }) => id !== large.id)
    const compared = networks.find(({ id }) => id === large.id)
    return judgement({
      problems: own.filter(isLarge).map(({ name, subnet }) => ({
        ...{ code: 'larger-than-recommended', kind: 'seen', node: manager, network: name },
        ...{ subject: subnet, observed: 2 ** (32 - prefixLengthOf(subnet)), expected: recommendedAddresses },
      })),
      controls: [
        {
          name: 'large-network-named',
          held: compared !== undefined && isLarge(compared),
          observed: compared?.subnet ?? 'not listed',
        },
      ],
      tables: {
        'overlays and their size': networks.map((network) => ({
          network: network.name,
          subnet: network.subnet,
          warned: isLarge(network),
        })),
      },
      conclusion: `${own.length} overlays have at most ${recommendedAddresses} addresses each; the one of ${large.asked} that was created for comparison was named`,
    })
  },
})

const recommendedAddresses = 2 ** (32 - recommendedPrefixLength)

function isLarge({ subnet }: { readonly subnet: string }): boolean {
  return subnet !== '' && prefixLengthOf(subnet) < recommendedPrefixLength
}
