import { inWords } from '../in-words.ts'
import { contains, overlaps } from '../../topology/cidr.ts'
import { isDefaultLike } from '../../topology/default-like.ts'
import { exposedPorts } from '../exposure.ts'
import type { LabView } from '../lab-view.ts'
import type { Rule } from '../rule.ts'

/** Clients with addresses in the subnet of ingress are never answered: advice, for hosts seldom know where clients are. */
export const clientsInIngressSubnet: Rule = {
  code: 'clients-in-ingress-subnet',
  title: 'Clients with addresses in the subnet of ingress are never answered by published ports',
  severity: ['advice'],
  meaning:
    'The sandbox that balances published ports is itself in the ingress network. A request from an address of that subnet reaches a task, and the answer is looked for on the overlay instead of being sent back. Swarms take 10.0.0.0/24 for ingress where nobody says otherwise, which offices, homes and cloud networks use as well. Only those clients are concerned, so it looks like their fault.',
  proof: [
    'The subnet of ingress, as managers list it',
    'Addresses, routes and neighbours of nodes that lie in it, where there are any: then such clients are near',
  ],
  silencedBy: [
    'A lab that ends with the run, where no service but the run’s own publishes and no host has an address or route in that subnet',
  ],
  remedy: [
    'Where such clients exist, another ingress: remove services that publish, `docker network rm ingress`, then `docker network create --driver overlay --ingress --subnet SUBNET ingress`, and deploy them again',
    'For a new swarm: `docker swarm init --default-addr-pool 10.213.0.0/16`',
    'Publish with `mode=host`, which does not pass through ingress',
  ],
  reports: [
    {
      url: 'https://github.com/docker/cli/issues/3076',
      says: 'On a LAN that ingress was part of, a client whose address was the broadcast address of ingress reached no published port.',
    },
    {
      url: 'https://github.com/moby/moby/issues/24220',
      says: 'The subnet of ingress was one that the organisation used itself, and could not be chosen then.',
    },
  ],
  find(lab) {
    const ingress = lab.facts?.networks.ingress
    if (lab.facts === undefined || ingress === undefined || ingress.subnet === '') return []
    const near = nearby(lab, ingress.subnet)
    if (lab.facts.owned && near.length === 0 && exposedPorts(lab).length === 0) return []
    const nodes = [...new Set(near.map(({ node }) => node))]
    return [
      {
        title: `Clients in ${ingress.subnet}, the subnet of ${ingress.name}, are never answered by published ports${nodes.length === 0 ? '' : `: ${inWords(nodes)} ${nodes.length === 1 ? 'has' : 'have'} addresses or routes there`}`,
        cause: `The answer to a client of that subnet is looked for on the overlay ${ingress.name} itself, and never leaves the node. Everybody else is answered.`,
        remedy: [
          'Where such clients exist: remove the services that publish, `docker network rm ingress`, `docker network create --driver overlay --ingress --subnet SUBNET ingress` with one that nobody has, and deploy them again',
          'For a new swarm: `docker swarm init --default-addr-pool 10.213.0.0/16`, a range that no client is in',
        ],
        nodes,
        networks: [ingress.name],
        proof: [
          `${ingress.name} is ${ingress.subnet}`,
          ...near.slice(0, 8).map(({ node, what }) => `${node}: ${what}`),
        ],
      },
    ]
  },
  gravity: 220,
}

function nearby(lab: LabView, subnet: string): { node: string; what: string }[] {
  return Object.entries(lab.kernelAfter ?? lab.kernelBefore ?? {}).flatMap(([node, { root }]) => [
    ...root.links.flatMap(({ name, addresses }) =>
      addresses
        .filter(({ address }) => contains(subnet, address))
        .map(({ address }) => ({ node, what: `${name} has ${address}` })),
    ),
    ...root.routes
      .filter(({ destination }) => !isDefaultLike(destination) && overlaps(subnet, destination))
      .map(({ destination, device }) => ({ node, what: `a route to ${destination} dev ${device}` })),
    ...root.neighbours
      .filter(({ address }) => contains(subnet, address))
      .map(({ address, device }) => ({ node, what: `the neighbour ${address} on ${device}` })),
  ])
}
