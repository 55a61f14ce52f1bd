import { inWords } from '../in-words.ts'
import type { Lost } from '../../conformance/verdict.ts'
import type { Part } from '../../observation/part.ts'
import { loadBetween } from '../../observe/host-load.ts'
import type { LabView } from '../lab-view.ts'
import { statesOf } from '../meanwhile.ts'
import type { Rule } from '../rule.ts'

/** Nodes or tasks were lost by themselves while requirements were verified: the swarm moved, not the network failed. */
export const swarmMoved: Rule = {
  code: 'swarm-moved',
  title: 'The swarm itself lost nodes or tasks while it was verified',
  severity: ['advice', 'cause'],
  meaning:
    'Managers or gossip gave up a node, or a task ended, and no requirement asked for it. Usually the hosts are short of processor time or memory and the network is whole. As advice: what was hit was verified once more, with the tasks read again, and that verdict stands. As a cause: the swarm lost something under the second attempt as well, and those verdicts stay inconclusive.',
  proof: [
    'After a verdict that is not a pass, managers no longer list a node as Ready, or the container of a task no longer runs',
    'The engines’ own log lines of that time, where they have any: `suspect`, `marked as failed`, `NodeFailed`, `heartbeat`',
  ],
  silencedBy: [
    'All nodes are Ready and all containers run when a bad verdict falls: the verdict is about the network',
    'A loss that spoiled no verdict',
  ],
  remedy: [
    'On the node that was lost: `uptime`, `vmstat 1 5` (columns r, si, st), `dmesg | grep -i "out of memory"`',
    'Give the hosts more processors or memory, or verify when they are idle',
    'If they are idle: `journalctl -u docker | grep -E "memberlist|heartbeat"`, and look for packet loss between the nodes',
    '`docker swarm update --dispatcher-heartbeat 15s` makes managers more patient; gossip keeps its own times',
  ],
  reports: [
    {
      url: 'https://github.com/moby/moby/issues/29495',
      says: 'Workers were declared down at random and their tasks moved; slow operations in the log pointed to overload, and the reporter came to agree.',
    },
    {
      url: 'https://github.com/moby/moby/issues/43508',
      says: 'With processors or memory busy, heartbeats to the manager failed and every container of the node was restarted.',
    },
    {
      url: 'https://github.com/moby/moby/issues/38203',
      says: 'Gossip marked a node as failed and took it back within a second, and services restarted.',
    },
  ],
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
    const busy = places.flatMap((node) => describeLoad(lab, node) ?? [])
    const logged = logLines(lab.scene('losses-logged'))
    const at = moved.map(({ startedAt }) => startedAt).sort()[0] ?? ''
    const stillOut = moved.filter(({ id }) => lab.requirement(id)?.attempts?.at(-1)?.repeated !== undefined)
    return [
      {
        severity: stillOut.length > 0 ? 'cause' : 'advice',
        title: `The swarm itself lost ${inWords(places)} while it was verified`,
        cause: `${describe(lost)} during ${moved.map(({ id }) => id).join(', ')}, which began at ${at}. Nobody asked for that: managers give a node up after three missed heartbeats of 5 s, and gossip after probes that were not answered. On hosts without enough processor time or memory that happens to a network that is whole.${stillOut.length === 0 ? ' What was hit was verified again with the tasks read again, and stands as that.' : ''}`,
        remedy: [
          `Look at the load of ${inWords(places)}: \`uptime\`, \`vmstat 1 5\` (columns r, si, st), \`dmesg | grep -i "out of memory"\``,
          'Give the hosts processors of their own, or verify when they are not busy',
          'If they are not busy: the engine’s log around that time (`journalctl -u docker`), and loss between the nodes (CTL-02, CTL-03)',
        ],
        nodes: places,
        proof: [...describeEach(lost), ...busy, ...logged],
        accountsFor: (id) => stillOut.some((one) => one.id === id),
      },
    ]
  },
  gravity: 10,
}

/** How busy a node was while requirements were verified; where it was read once, at that time. */
function describeLoad(lab: LabView, node: string): string | undefined {
  const [state] = statesOf(lab, node)
  const load = state?.load
  if (load === undefined) return undefined
  const before = lab.kernelBefore?.[node]
  const meanwhile = before?.bootId === state?.bootId ? loadBetween(before?.load, load) : undefined
  const percent = (share: number): string => `${Math.round(share * 100)} %`
  const shares =
    meanwhile === undefined
      ? ''
      : `, its processors ${percent(meanwhile.busy)} busy and ${percent(meanwhile.stolen)} taken by the hypervisor meanwhile`
  const waiting =
    load.waitingPercent === undefined
      ? ''
      : `, tasks waited for a processor ${Math.round(load.waitingPercent)} % of 10 s`
  return `${node}: load ${load.average} on ${load.processors} processor${load.processors === 1 ? '' : 's'}${shares}${waiting}`
}

function describe(lost: readonly Lost[]): string {
  const nodes = new Set(lost.filter(({ what }) => what === 'node').map(({ node }) => node)).size
  const tasks = lost.filter(({ what }) => what === 'task').length
  const parts = [
    nodes > 0 ? `${nodes} node${nodes === 1 ? '' : 's'}` : '',
    tasks > 0 ? `${tasks} task${tasks === 1 ? '' : 's'}` : '',
  ].filter((part) => part !== '')
  return `${inWords(parts)} went away`
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
