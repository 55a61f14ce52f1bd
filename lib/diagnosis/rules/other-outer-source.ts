import type { Rule } from '../rule.ts'

/** A node sends VXLAN or ESP from another address than its data-path address. */
export const otherOuterSource: Rule = {
  code: 'other-outer-source',
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
  gravity: 70,
}
