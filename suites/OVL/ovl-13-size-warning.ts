import { requireNone } from '../../lib/conformance/require-none.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import type { OverlayNetwork } from '../../lib/swarm/cluster.ts'
import { readGivenAddresses } from '../../lib/swarm/read-addresses.ts'
import { freeSubnetFor } from '../scene/free-subnet.ts'
import { docs } from '../source.ts'
import { prefixLengthOf } from '../../lib/topology/cidr.ts'

/** "It is recommended that you create overlay networks with /24 blocks": larger ones are reported. */
const recommendedPrefixLength = 24
/** The range for benchmarks (RFC 2544), which no network should have. */
const benchmarks = '198.18.0.0/15'

export const sizeWarning = conformanceTest({
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
  async run(context) {
    const { cluster, evidence } = context
    const subnet = await freeSubnetFor(cluster, 20, benchmarks)
    await using trial = context.trial('ovl13')
    const large = await trial.network('large', ['--subnet', subnet])
    const { networks } = await readGivenAddresses(cluster)
    const warned = networks.filter(isLarge)
    const own = warned.filter(({ id }) => id !== large.id)
    evidence.observe(
      'overlays and their size',
      networks.map(({ name, subnet: block }) => ({
        network: name,
        subnet: block,
        warned: warned.some((one) => one.name === name),
      })),
    )
    if (!warned.some(({ id }) => id === large.id)) {
      throw new Error(`the look did not name ${large.name} (${subnet}), so "none larger" proves nothing`)
    }
    requireNone(
      `no overlay is larger than /${recommendedPrefixLength}`,
      own.map(
        ({ name, subnet: block }) =>
          `size-limitation warning: ${name} is ${block} (${2 ** (32 - prefixLengthOf(block))} addresses), as ${cluster.manager.host.name} lists it`,
      ),
    )
    evidence.conclude(
      `${networks.length - 1} overlays have at most 256 addresses each; the one of ${subnet} that was created for comparison was named`,
    )
  },
})

function isLarge({ subnet }: OverlayNetwork): boolean {
  return subnet !== '' && prefixLengthOf(subnet) < recommendedPrefixLength
}
