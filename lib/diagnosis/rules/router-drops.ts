import { inWords } from '../in-words.ts'
import { type LabView, pathsOf, placesOf, type Reported } from '../lab-view.ts'
import type { Rule } from '../rule.ts'
import { told } from '../told.ts'

/** What a host that routes between nodes was sent comes there and does not leave. */
export const routerDrops: Rule = {
  code: 'router-drops',
  title: 'A host that routes between nodes does not pass VXLAN or ESP on',
  severity: ['cause'],
  meaning:
    'Nodes in different subnets reach each other through a router, which often filters what it forwards: UDP of ports it was not told of, and IP protocols beside TCP, UDP and ICMP. Nodes join and are Ready, because 2377 and 7946 pass, and tasks do not reach each other.',
  proof: ['The router’s own interface, recorded: the packets came, and none with an outer TTL one less left'],
  silencedBy: [
    'They left the router as well',
    'Nothing of them came to the router: then they are lost before it',
  ],
  remedy: [
    'On the router allow what is missing, both ways, between the subnets of all nodes: the data-path port/udp, IP protocol 50',
    'See what drops it there: `iptables -nvL FORWARD`, `iptables -t raw -nvL PREROUTING`, `nft list ruleset`, or the access lists of the device',
  ],
  reports: [],
  find(lab) {
    const problems = lab.problems('not-passed-on')
    const routers = placesOf(problems)
    if (routers.length === 0) return []
    const kinds = [...new Set(problems.flatMap(({ protocol }) => protocol ?? []))]
    return [
      {
        title: `${inWords(routers)}, which routes between nodes, does not pass ${inWords(kinds)} on: it comes there and does not leave`,
        cause:
          'The nodes reach each other through this host alone. What they send comes to it and ends there: a rule of its own firewall, or a device that was not told of these ports and protocols.',
        remedy: [
          `On ${inWords(routers)}: allow ${allowed(kinds, lab)} between all nodes, both ways`,
          'See which rule counts: `iptables-save -c | grep -E "DROP|REJECT"`, `nft list ruleset`',
        ],
        nodes: routers,
        pairs: pathsOf(problems),
        proof: told(problems),
        explains: (problem) => problem.code === 'not-passed-on' || isBehind(problem, problems),
      },
    ]
  },
  gravity: 66,
}

const allowed = (kinds: readonly string[], { lab }: LabView): string =>
  inWords(
    kinds.map((kind) => (kind === 'ESP' ? 'IP protocol 50' : `UDP port ${lab.topology.swarm.dataPathPort}`)),
  )

/** What the same requirement missed between the same nodes. */
function isBehind({ kind, path, requirement }: Reported, stopped: readonly Reported[]): boolean {
  return (
    kind === 'missed' &&
    path !== undefined &&
    stopped.some(
      (one) =>
        one.requirement === requirement &&
        [one.path?.from, one.path?.to].includes(path.from) &&
        [one.path?.from, one.path?.to].includes(path.to),
    )
  )
}
