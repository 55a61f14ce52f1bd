import { inWords } from '../in-words.ts'
import type { EngineAsked } from '../../conformance/engines-scene.ts'
import { nodesOf } from '../../observation/problem.ts'
import { firewallDrops } from '../firewall-drops.ts'
import type { LabView, Reported } from '../lab-view.ts'
import { nodesRead } from '../meanwhile.ts'
import type { Rule } from '../rule.ts'

/** The engine of a node is gone: its tasks, its gossip and its answers are missing everywhere at once. */
export const engineDoesNotAnswer: Rule = {
  code: 'engine-does-not-answer',
  title: 'The engine of a node does not answer',
  severity: ['cause'],
  meaning:
    'The engine was stopped or crashed. Its node drops out of gossip; its containers are gone, or run on with tables that nobody updates. Everything that looks at this node fails or cannot be known: one cause, however many verdicts.',
  proof: [
    'After the requirements were verified, `docker version` on the node ended with an error by which Docker’s client finds no engine at its socket',
  ],
  silencedBy: [
    'The engine answers at the end, even if it was away in between',
    'It is not known: the host could not be asked, nothing came within 20 s, the client was denied access to the socket or failed otherwise. An engine that hangs is not reported',
    'CTL-03, VXL-06, DSC-02 and LB-02 all hold: what engines learn by gossip and give to networks, names and balancers was there, so that the engine ended later',
    'A firewall rule of the node, or of the other one, counted VXLAN or ESP that it dropped: what such packets carry is left to `host-firewall-drops`',
    'Traffic that was seen and must not be: no missing engine explains that',
    'Verdicts of the RES group, which stops engines on purpose',
  ],
  remedy: [
    'Why it ended: `systemctl status docker`, `journalctl -u docker -n 100`, `dmesg | grep -i "killed process"`',
    'Start it: `systemctl start docker`, and verify again when `docker node ls` shows the node Ready',
  ],
  reports: [
    {
      url: 'https://github.com/moby/moby/issues/35107',
      says: 'A maintainer explains: without memory the kernel may kill the engine itself; managers then call the node unavailable and start its tasks elsewhere.',
    },
  ],
  find(lab) {
    const asked = (lab.scene('engines-after') ?? {}) as Readonly<Record<string, EngineAsked>>
    const silent = Object.entries(asked).flatMap(([node, one]) =>
      'answers' in one && !one.answers ? [{ node, said: one.said }] : [],
    )
    if (silent.length === 0 || showEngines.every((id) => lab.holds(id))) return []
    const nodes = silent.map(({ node }) => node)
    const filtering = nodesRead(lab).filter((node) => isCountedAt(lab, node))
    const names = inWords(nodes)
    const concerned = (named: readonly string[]): boolean => named.some((name) => nodes.includes(name))
    return [
      {
        title: `The engine of ${names} does not answer`,
        cause: `Docker's client on ${names} finds no engine. It was stopped, or it crashed. Its node takes no part in gossip any more, its tasks are gone or cut off, and every requirement that looks at it fails or cannot be known: one cause, not as many as there are verdicts.`,
        remedy: [
          'See why it ended: `journalctl -u docker -n 100`, and `dmesg | tail` for the out-of-memory killer; the last lines are in this report below `hosts/`',
          'Start it: `systemctl start docker`',
          'Verify again when `docker node ls` on a manager shows the node Ready',
        ],
        nodes,
        proof: silent.map(
          ({ node, said }) =>
            `docker version on ${node} found no server after the requirements were verified${said === undefined ? '' : `: ${said}`}`,
        ),
        // Traffic that was seen and must not be is never a matter of an engine that is gone.
        explains: (problem) =>
          problem.kind === 'missed' &&
          concerned(nodesOf(problem)) &&
          !(isOfPackets(problem) && nodesOf(problem).some((name) => filtering.includes(name))),
        // Requirements on resilience end engines themselves.
        accountsFor: (id) => {
          const verdict = lab.requirement(id)?.verdict
          if (verdict === undefined || id.startsWith('RES-')) return false
          const { threw, unseen } = verdict
          return (
            (threw?.host !== undefined && nodes.includes(threw.host)) ||
            unseen.some(({ nodes: blind }) => concerned(blind))
          )
        },
      },
    ]
  },
  gravity: 20,
}

/** They hold only where every engine takes part in gossip and gives others’ endpoints to its networks. */
const showEngines = ['CTL-03', 'VXL-06', 'DSC-02', 'LB-02'] as const

/** A rule of its firewall dropped VXLAN or ESP meanwhile: what is lost of them has a cause that was counted. */
function isCountedAt(lab: LabView, node: string): boolean {
  const drops = (['data', 'esp'] as const).flatMap((traffic) => firewallDrops(lab, node, traffic))
  return drops.some(({ packets = 0 }) => packets > 0)
}

/** About what networks between tasks carry, not about what engines know of them. */
const isOfPackets = ({ requirement }: Reported): boolean =>
  requirement !== 'VXL-06' && /^(?:OVL-|VXL-|MTU-|ENC-|CTL-04|CTL-07)/.test(requirement)
