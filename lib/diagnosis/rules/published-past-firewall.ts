import { inWords } from '../in-words.ts'
import { type ExposedPort, exposedPorts, outwardAddresses } from '../exposure.ts'
import type { LabView } from '../lab-view.ts'
import type { Rule } from '../rule.ts'

/** What services of the swarm publish, where it is open, and that the host's own firewall is not asked. */
export const publishedPastFirewall: Rule = {
  code: 'published-past-firewall',
  title: 'Published ports are open on every address of every node, and the host’s INPUT rules are not asked',
  severity: ['advice'],
  meaning:
    'A port in the mesh is open on all nodes, also those without a task, at every address they have; one in host mode on the nodes of its tasks. The engine translates packets to it before routing, so they are forwarded and never come to INPUT: what ufw, firewalld or a policy of INPUT drop stays open for published ports.',
  proof: [
    'Services of the swarm and the ports they publish, as managers list them, those of the run left out',
    'Addresses of each node, and what its rules would do to the port in INPUT and do to it in FORWARD',
  ],
  silencedBy: ['No service but the run’s own publishes a port'],
  remedy: [
    'Filter in the chain that engines ask first: `iptables -I DOCKER-USER -i eth0 -p tcp -m conntrack --ctorigdstport 8080 --ctdir ORIGINAL -j DROP`',
    'Publish no port that a reverse proxy reaches by an overlay: `docker service update --publish-rm 8080 SERVICE`',
    'With firewall-backend nftables put the rule into a table of its own with a forward chain of a lower priority number: `nft list chains`',
  ],
  reports: [
    {
      url: 'https://github.com/moby/moby/issues/22054',
      says: 'Ports of containers stay reachable whatever the firewall of the host says.',
    },
    {
      url: 'https://github.com/chaifeng/ufw-docker/issues/1',
      says: 'With ufw, published ports of swarm services need rules of their own.',
    },
    {
      url: 'https://github.com/moby/moby/issues/35318',
      says: 'A published port answers at every address of a node, whatever address it advertises.',
    },
  ],
  find(lab) {
    const ports = exposedPorts(lab)
    if (ports.length === 0) return []
    const past = ports.filter(({ input, forward }) => input !== undefined && forward === undefined)
    return [
      {
        title: titleOf(ports, past, lab),
        cause:
          'The engine translates packets to published ports before routing: they are forwarded to containers, so rules of INPUT (ufw, firewalld, a policy) are not asked. In the mesh every node answers at each of its addresses, tasks or none.',
        remedy: [
          `To close one from outside, on each node: \`${dockerUser(past[0] ?? ports[0])}\`; the engine asks that chain first and leaves it alone`,
          'What only other services need not be published: `docker service update --publish-rm PORT SERVICE`',
        ],
        nodes: [...new Set(ports.map(({ node }) => node))],
        proof: [...addressesOf(lab, ports), ...services(ports), ...firewalls(ports)],
      },
    ]
  },
  gravity: 210,
}

function titleOf(ports: readonly ExposedPort[], past: readonly ExposedPort[], lab: LabView): string {
  const name = (all: readonly ExposedPort[]): string => {
    const words = [...new Set(all.map(({ port, service }) => `${port} of ${service}`))]
    return words.length > 3
      ? `${words.slice(0, 3).join(', ')} and ${words.length - 3} more`
      : words.join(', ')
  }
  if (past.length > 0) {
    const nodes = [...new Set(past.map(({ node }) => node))]
    return `${name(past)}: open past the firewall of ${inWords(nodes)}, whose INPUT would drop it and is not asked`
  }
  // One in host mode is open where its tasks are, and told of in the proof beside those of the mesh.
  const inMesh = ports.filter(({ mode }) => mode === 'ingress')
  const named = inMesh.length > 0 ? inMesh : ports
  const nodes = [...new Set(named.map(({ node }) => node))]
  const where = nodes.length === lab.nodeNames.length ? `all ${nodes.length} nodes` : inWords(nodes)
  return `${name(named)}: open at every address of ${where}; rules of INPUT are not asked about published ports`
}

function addressesOf(lab: LabView, ports: readonly ExposedPort[]): string[] {
  return Object.entries(lab.kernelAfter ?? lab.kernelBefore ?? {})
    .filter(([node]) => ports.some((port) => port.node === node))
    .slice(0, mostLines)
    .map(([node, state]) => `${node}: open at ${outwardAddresses(state).join(', ')}`)
}

const mostLines = 20

function services(ports: readonly ExposedPort[]): string[] {
  const lines = new Map<string, string[]>()
  for (const { service, port, mode, node } of ports) {
    const key = `${service}: ${port}, ${mode === 'ingress' ? 'in the mesh' : 'host mode'}`
    lines.set(key, [...(lines.get(key) ?? []), node])
  }
  return [...lines].slice(0, mostLines).map(([key, nodes]) => `${key}, on ${nodes.join(', ')}`)
}

function firewalls(ports: readonly ExposedPort[]): string[] {
  const said = ports.map(({ node, port, input, forward }) =>
    forward === undefined
      ? input === undefined
        ? `${node}: no rule drops ${port}, neither in INPUT nor where it is forwarded`
        : `${node}: INPUT would drop ${port} (${input}) and is not asked; nothing drops it where it is forwarded`
      : `${node}: ${port} is dropped where it is forwarded: ${forward}`,
  )
  return [...new Set(said)].slice(0, mostLines)
}

function dockerUser(port: ExposedPort | undefined): string {
  const [number = '', protocol = 'tcp'] = (port?.port ?? '').split('/')
  return `iptables -I DOCKER-USER -i INTERFACE -p ${protocol} -m conntrack --ctorigdstport ${number} --ctdir ORIGINAL -j DROP`
}
