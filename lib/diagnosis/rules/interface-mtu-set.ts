import { inWords } from '../in-words.ts'
import { placesOf } from '../lab-view.ts'
import type { Rule } from '../rule.ts'

/** Interfaces of one network have another MTU than the others of it. */
export const interfaceMtuSet: Rule = {
  code: 'interface-mtu-set',
  title: 'Single interfaces of a network have another MTU than the network was made with',
  severity: ['cause'],
  meaning:
    'The engine gives every interface of a network the same MTU: of the task, of its peer on the bridge, and of the VXLAN device. One that was set by hand or by a program makes packets of full size vanish on its way only, while small ones pass and the settings of the network look right.',
  proof: [
    'The MTU of the interface as the kernel has it, beside what follows from the network’s own option',
    'Interfaces of the same network on other nodes, or beside it, have the right one',
  ],
  silencedBy: [
    'It is so on every node: then the network was made otherwise, and nobody set single interfaces',
    'The interfaces are right and the underlay carries less: `underlay-mtu-too-small`',
  ],
  remedy: [
    'Set it again: `ip link set dev NAME mtu MTU` in the namespace that is named (`nsenter --net=/run/docker/netns/NAMESPACE`), or have the tasks made again: `docker service update --force SERVICE`',
    'Look for what sets it: scripts in containers with NET_ADMIN, rules of udev, network managers that take `veth*` and `vxlan*` for theirs',
  ],
  reports: [
    {
      url: 'https://github.com/moby/moby/issues/24906',
      says: 'Lowering the MTU of one container’s interface by hand let its transfers through an ingress that carried less.',
    },
  ],
  find(lab) {
    const problems = lab.problems('interface-mtu-wrong')
    const nodes = placesOf(problems)
    if (nodes.length === 0 || nodes.length === lab.nodeNames.length) return []
    const networks = [...new Set(problems.flatMap(({ network }) => network ?? []))]
    const [first] = problems
    const most = problems.map(({ observed }) => Number(observed))
    return [
      {
        title: `Interfaces on ${inWords(nodes)} have another MTU than their network: ${first?.subject ?? ''} has ${first?.observed}, expected ${first?.expected}`,
        cause: `Every interface of a network gets the same MTU from the engine; ${most.length === 1 ? 'this one was' : 'these were'} set by somebody else. Packets of full size are lost at ${most.length === 1 ? 'it' : 'them'} and nowhere else, and small ones pass.`,
        remedy: [
          `Set it again on ${inWords(nodes)}: \`ip link set dev ${first?.subject?.split(' ')[0] ?? 'NAME'} mtu ${first?.expected}\` in the namespace, or make the tasks again: \`docker service update --force SERVICE\``,
          'Look for what sets it: a container with NET_ADMIN, udev, a network manager that takes `veth*` and `vxlan*` for its own',
        ],
        ...{ nodes, networks },
        proof: problems
          .slice(0, 6)
          .map(
            ({ node, network, subject, observed, expected }) =>
              `${node}, ${network ?? ''}: ${subject ?? ''} has ${observed}, expected ${expected}`,
          ),
        explains: ({ code, network, path, node }) =>
          code === 'interface-mtu-wrong' ||
          (/^(full-size-|transfer-|fragments-left|oversize-|larger-than-underlay$)/.test(code) &&
            (network === undefined || networks.includes(network)) &&
            [node, path?.from, path?.to].some((name) => name !== undefined && nodes.includes(name))),
      },
    ]
  },
  gravity: 174,
}
