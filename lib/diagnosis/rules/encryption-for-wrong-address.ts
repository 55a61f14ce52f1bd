import { placesOf } from '../lab-view.ts'
import type { Rule } from '../rule.ts'

/** Advertise and data-path address differ, and IPsec was made for the first. */
export const encryptionForWrongAddress: Rule = {
  code: 'encryption-for-wrong-address',
  title: 'Encryption is made for the advertise address, and the traffic leaves from the data-path address',
  severity: ['cause'],
  meaning:
    'With `--data-path-addr` on another interface than `--advertise-addr` the engine makes its IPsec states and policies for its own advertise address. VXLAN leaves from the data-path address, so no policy matches: encrypted networks send in clear, and the peer drops that.',
  proof: [
    'The two addresses of the node differ',
    'Its outbound IPsec policies name the advertise address as source; where policies were not read: no ESP, or clear VXLAN, leaves it on an encrypted network',
  ],
  silencedBy: [
    'Both addresses of the node are the same',
    'ENC-03 read the policies, and their source is the address that the traffic leaves from',
  ],
  remedy: [
    'Use one address for both: `docker swarm init` and `join` without `--data-path-addr`, where networks are encrypted',
    'Or encrypt the data-path underlay by other means, and use overlays without `--opt encrypted` on it',
    'Compare: `ip xfrm policy` with the address of the data-path interface, `ip -br addr`',
  ],
  reports: [
    {
      url: 'https://github.com/moby/libnetwork/issues/2324',
      says: 'With separate control and data networks IPsec entries were made with the local control-plane address, and encryption failed silently.',
    },
    {
      url: 'https://github.com/moby/moby/issues/34763',
      says: 'Between two hosters, with public and private addresses mixed, tunnels were made for wrong addresses and carried nothing.',
    },
  ],
  find(lab) {
    const apart = lab.facts?.nodes.filter(({ advertise, dataPath }) => advertise.address !== dataPath.address)
    const nodes = new Set(apart?.map(({ name }) => name))
    const wrong = lab
      .problems('policy-source-differs')
      .filter(({ node }) => node !== undefined && nodes.has(node))
    const without = lab
      .problems('no-esp-left', 'clear-text-left')
      .filter(({ path }) => path !== undefined && nodes.has(path.from))
    // The policies tell it; where they were not read, clear frames in place of ESP on such a node do.
    if (wrong.length === 0 && (without.length === 0 || lab.outcome('ENC-03') !== undefined)) return []
    const seen = wrong.length > 0 ? wrong : without
    const places =
      wrong.length > 0 ? placesOf(wrong) : [...new Set(without.flatMap(({ path }) => path?.from ?? []))]
    return [
      {
        title: `Encryption is made for the advertise address, and the traffic leaves from the data-path address: ${places.join(', ')}`,
        cause:
          'With `--data-path-addr` on another interface than `--advertise-addr` the engine makes its IPsec states and policies for the advertise address of the node itself. VXLAN leaves from the data-path address, so no policy matches: traffic of encrypted networks is sent in clear, and the peer drops it because its firewall expects it encrypted.',
        remedy: [
          'Use one address for both (`docker swarm init` and `join` without `--data-path-addr`) where networks are encrypted',
          'Or encrypt the data-path underlay by other means, and use overlays without `--opt encrypted` on it',
          'Compare: `ip xfrm policy` on a node with the address of its data-path interface',
        ],
        nodes: places,
        networks: [...new Set(without.flatMap(({ network }) => network ?? []))],
        proof: seen
          .slice(0, 4)
          .map(({ code, node, subject, observed, expected, path }) =>
            code === 'policy-source-differs'
              ? `${node}: the outbound policy to ${subject} is for source ${observed}, the traffic leaves from ${expected}`
              : code === 'no-esp-left'
                ? `${path?.from} → ${path?.to}: no ESP left`
                : `${path?.from} → ${path?.to}: ${observed} frames of VNI ${subject} left in clear`,
          ),
        explains: ({ requirement, protocol, network }) =>
          /^(ENC|CTL-07|CTL-09)/.test(requirement) ||
          protocol === 'ESP' ||
          lab.networkNamed(network)?.encrypted === true,
      },
    ]
  },
}
