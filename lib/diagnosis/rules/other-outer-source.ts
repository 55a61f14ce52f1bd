import type { Rule } from '../rule.ts'

/** A node sends VXLAN or ESP from another address than its data-path address. */
export const otherOuterSource: Rule = {
  code: 'other-outer-source',
  title: 'A node sends VXLAN from an address that is not its data-path address',
  severity: ['cause'],
  meaning:
    'The kernel takes the source of outer packets from its routes, not from what the swarm advertises. A second address on the interface, a routed loopback address, a route with `src` or a NAT rule makes it another one. The other nodes expect the data-path address: they drop the frames, and encryption made for that address does not match them.',
  proof: [
    'VXLAN packets whose inner source is an endpoint on the node and whose outer source is not its data-path address, on whichever side they were recorded (VXL-02)',
    'The interface that has this address, where one has; else something rewrites it',
  ],
  silencedBy: [
    'All packets between tasks have the data-path addresses of the nodes that host them (VXL-02 holds)',
    'Only outer destinations are wrong: that is a forwarding entry, not the source',
  ],
  remedy: [
    '`ip route get OTHER-NODE` shows the source that is taken; `ip -br addr` and `ip route` show why',
    'Remove the address, `ip addr del ADDRESS dev INTERFACE`, or give it the prefix length /32 so that no route prefers it',
    '`iptables -t nat -S POSTROUTING`: exempt UDP to the data-path port from translation',
    'Or advertise the address that is used: `docker swarm leave`, then join with `--advertise-addr` and `--data-path-addr`',
  ],
  reports: [
    {
      url: 'https://github.com/moby/moby/issues/53004',
      says: 'With a loopback or a secondary address as data-path address the kernel chose the primary one, and the VXLAN devices of the other nodes dropped every frame.',
    },
  ],
  find(lab) {
    const wrong = lab
      .problems('outer-address-differs')
      .filter(({ subject, node }) => subject === 'source' && node !== undefined)
    const nodes = [...new Set(wrong.flatMap(({ node }) => node ?? []))]
    return nodes.map((node) => {
      const own = wrong.filter((problem) => problem.node === node)
      const sources = [...new Set(own.map(({ observed }) => String(observed)))]
      const expected = own[0]?.expected ?? ''
      const state = (lab.kernelAfter ?? lab.kernelBefore)?.[node]
      const device = state?.root.links.find(({ addresses }) =>
        addresses.some(({ address }) => sources.includes(address)),
      )
      const held = device?.addresses.find(({ address }) => sources.includes(address))
      const where =
        device === undefined || held === undefined
          ? 'no interface of it has that address, so something on the way or a NAT rule rewrites it'
          : `${device.name} has it as ${held.address}/${held.prefixLength}`
      return {
        title: `${node} sends VXLAN from ${sources.join(' and ')}, not from its data-path address ${expected}`,
        cause: `The kernel of ${node} takes another source address for packets to the other nodes: ${where}. A second address with a narrower prefix, a route with \`src\`, or a NAT rule does that. The other nodes expect its frames from ${expected}; encryption is made for ${expected} alone, so that what leaves from another address is not encrypted.`,
        remedy: [
          `On ${node}: \`ip route get OTHER-NODE\` shows the source that is taken; \`ip addr\` and \`ip route\` show why`,
          ...(device === undefined || held === undefined
            ? [`\`iptables -t nat -S POSTROUTING\` on ${node}: rules that match UDP to the data-path port`]
            : [
                `Remove the address, \`ip addr del ${held.address}/${held.prefixLength} dev ${device.name}\`, or give it the prefix length /32`,
              ]),
          `Or advertise the address that is used: \`docker swarm leave\` and join again with --advertise-addr and --data-path-addr`,
        ],
        nodes: [node],
        networks: [...new Set(own.flatMap(({ network }) => network ?? []))],
        proof: [
          ...own
            .slice(0, 3)
            .map(({ observed }) => `${node}: an outer source of ${observed}, expected ${expected}`),
          ...(device === undefined ? [] : [`${node}: ${where}`]),
        ],
        explains: ({ node: place, path, requirement }) =>
          /^(VXL|CTL|ENC|OVL|MTU|LB|DSC|ING|GWB|RES)/.test(requirement) &&
          (place === node || path?.from === node || path?.to === node),
      }
    })
  },
}
