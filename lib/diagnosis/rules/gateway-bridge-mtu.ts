import { placesOf } from '../lab-view.ts'
import type { Rule } from '../rule.ts'

/** What leads out of tasks takes larger packets than the uplink. */
export const gatewayBridgeMtuTooLarge: Rule = {
  code: 'gateway-bridge-mtu-too-large',
  title: 'docker_gwbridge, or an interface on it, takes larger packets than the uplink carries',
  severity: ['cause'],
  meaning:
    'What tasks send out of the swarm, and what comes to published ports, crosses docker_gwbridge, which takes 1500 bytes unless it was made otherwise before the node joined. Where the uplink carries less, uploads and downloads of containers hang after the first kilobytes if nobody tells them the smaller size.',
  proof: [
    'The MTU of docker_gwbridge, of interfaces of tasks or of `ingress_sbox` on it, beside that of the interface with the default route, as the kernel of the node has them',
  ],
  silencedBy: ['None of them is larger than the uplink', 'The node has no default route to measure by'],
  remedy: [
    'Before a node joins: `docker network create --opt com.docker.network.driver.mtu=MTU --opt com.docker.network.bridge.name=docker_gwbridge --subnet SUBNET docker_gwbridge`',
    'On a node that has joined: drain it, `docker swarm leave`, remove docker_gwbridge, create it so, join again',
    'For the moment let the kernel tell the size: `iptables -t mangle -I FORWARD -p tcp --syn -j TCPMSS --clamp-mss-to-pmtu`',
    'A single interface that differs from the bridge was set by hand: `ip link set dev NAME mtu MTU`',
  ],
  reports: [
    {
      url: 'https://github.com/moby/moby/issues/41406',
      says: 'On OpenStack with an MTU of 1450, docker_gwbridge made again with an option of 1400 did not show it.',
    },
  ],
  find(lab) {
    const problems = lab.problems('larger-than-uplink')
    const nodes = placesOf(problems)
    if (nodes.length === 0) return []
    const [first] = problems
    return [
      {
        title: `On ${nodes.join(', ')} ${first?.subject ?? 'docker_gwbridge'} takes ${first?.observed} bytes and the uplink carries ${first?.expected}`,
        cause:
          'docker_gwbridge takes 1500 bytes unless it was made otherwise before the node joined, and nobody measures the uplink. What tasks send out of the swarm and what published ports answer hangs once packets are full, unless a message about the size comes back.',
        remedy: [
          `Drain ${nodes.join(', ')}, \`docker swarm leave\`, \`docker network rm docker_gwbridge\`, \`docker network create --opt com.docker.network.driver.mtu=${first?.expected} --opt com.docker.network.bridge.name=docker_gwbridge docker_gwbridge\`, join again`,
          'For the moment: `iptables -t mangle -I FORWARD -p tcp --syn -j TCPMSS --clamp-mss-to-pmtu`',
        ],
        nodes,
        proof: problems
          .slice(0, 6)
          .map(
            ({ node, subject, observed, expected }) =>
              `${node}: ${subject ?? ''} has ${observed}, the uplink ${expected}`,
          ),
        explains: ({ code }) => code === 'larger-than-uplink',
      },
    ]
  },
  gravity: 176,
}
