import type { Lost } from '../../conformance/verdict.ts'
import type { Part } from '../../observation/part.ts'
import type { Rule } from '../rule.ts'

/** Nodes or tasks were lost by themselves while requirements were verified: the swarm moved, not the network failed. */
export const swarmMoved: Rule = {
  code: 'swarm-moved',
  find(lab) {
    const moved = lab.everyRequirement.flatMap(({ id, attempts = [] }) =>
      attempts.flatMap(({ generation, repeated, startedAt }) =>
        repeated?.because === 'swarm-moved' && generation === lab.generation
          ? [{ id, startedAt, lost: repeated.lost }]
          : [],
      ),
    )
    if (moved.length === 0) return []
    const lost = moved.flatMap((one) => one.lost)
    const nodes = [...new Set(lost.filter(({ what }) => what === 'node').map(({ node }) => node))]
    const places = nodes.length > 0 ? nodes : [...new Set(lost.map(({ node }) => node))]
    const logged = logLines(lab.scene('losses-logged'))
    const at = moved.map(({ startedAt }) => startedAt).sort()[0] ?? ''
    const stillOut = moved.filter(({ id }) => lab.requirement(id)?.attempts?.at(-1)?.repeated !== undefined)
    return [
      {
        severity: stillOut.length > 0 ? 'cause' : 'advice',
        title: `The swarm itself lost ${places.join(' and ')} while it was verified`,
        cause: `${describe(lost)} during ${moved.map(({ id }) => id).join(', ')}, which began at ${at}. Nobody asked for that: managers give a node up after three missed heartbeats of 5 s, and gossip after probes that were not answered. On hosts without enough processor time or memory that happens to a network that is whole.${stillOut.length === 0 ? ' What was hit was verified again with the tasks read again, and stands as that.' : ''}`,
        remedy: [
          `Look at the load of ${places.join(' and ')}: \`uptime\`, \`vmstat 1 5\` (columns r, si, st), \`dmesg | grep -i "out of memory"\``,
          'Give the hosts processors of their own, or verify when they are not busy',
          'If they are not busy: the engine’s log around that time (`journalctl -u docker`), and loss between the nodes (CTL-02, CTL-03)',
        ],
        nodes: places,
        proof: [...describeEach(lost), ...logged],
        accountsFor: (id) => stillOut.some((one) => one.id === id),
      },
    ]
  },
  gravity: 10,
}

function describe(lost: readonly Lost[]): string {
  const nodes = new Set(lost.filter(({ what }) => what === 'node').map(({ node }) => node)).size
  const tasks = lost.filter(({ what }) => what === 'task').length
  const parts = [
    nodes > 0 ? `${nodes} node${nodes === 1 ? '' : 's'}` : '',
    tasks > 0 ? `${tasks} task${tasks === 1 ? '' : 's'}` : '',
  ].filter((part) => part !== '')
  return `${parts.join(' and ')} went away`
}

function describeEach(lost: readonly Lost[]): string[] {
  const lines = lost.map(({ what, node, service, state }) =>
    what === 'node'
      ? `${node}: ${state ?? 'no longer listed'}`
      : `the task of ${service} on ${node} runs no more`,
  )
  return [...new Set(lines)].slice(0, 6)
}

/** The engines' own words, quoted with the node they are from. */
function logLines(seen: unknown): string[] {
  const parts = (seen ?? {}) as Readonly<Record<string, Part<readonly string[]>>>
  return Object.entries(parts).flatMap(([node, one]) =>
    'got' in one ? one.got.slice(-4).map((line) => `${node}: ${line.slice(0, 300)}`) : [],
  )
}
