import { nodesOf } from '../../observation/problem.ts'
import type { Rule } from '../rule.ts'

/** The engine of a node is gone: its tasks, its gossip and its answers are missing everywhere at once. */
export const engineDoesNotAnswer: Rule = {
  code: 'engine-does-not-answer',
  title: 'The engine of a node does not answer',
  severity: ['cause'],
  meaning:
    'The engine was stopped, crashed or hangs. Its node drops out of gossip; its containers are gone, or run on with tables that nobody updates. Everything that looks at this node fails or cannot be known: one cause, however many verdicts.',
  proof: [
    'After the requirements were verified, `docker version` on the node got no answer from a server within 20 s',
  ],
  silencedBy: [
    'The engine answers at the end, even if it was away in between',
    'Traffic that was seen and must not be: no missing engine explains that',
    'Verdicts of the RES group, which stops engines on purpose',
  ],
  remedy: [
    'Why it ended: `systemctl status docker`, `journalctl -u docker -n 100`, `dmesg | grep -i "killed process"`',
    'Start it: `systemctl start docker`, and verify again when `docker node ls` shows the node Ready',
    'One that hangs: `kill -USR1 $(pidof dockerd)` first; it writes its goroutines to a file that its log names, and only then restart it',
  ],
  reports: [
    {
      url: 'https://github.com/moby/moby/issues/27323',
      says: '`docker ps` on swarm nodes hung now and then until the engine was restarted; the maintainers asked for the stacks that SIGUSR1 gives.',
    },
    {
      url: 'https://github.com/moby/moby/issues/31512',
      says: 'The engine was stuck after image updates while its containers lived on.',
    },
    {
      url: 'https://github.com/moby/moby/issues/35107',
      says: 'A maintainer explains: without memory the kernel may kill the engine itself; managers then call the node unavailable and start its tasks elsewhere.',
    },
  ],
  find(lab) {
    const asked = lab.scene('engines-after') as Readonly<Record<string, { answers: boolean }>> | undefined
    const nodes = Object.entries(asked ?? {}).flatMap(([node, { answers }]) => (answers ? [] : [node]))
    if (nodes.length === 0) return []
    const names = nodes.join(' and ')
    const concerned = (named: readonly string[]): boolean => named.some((name) => nodes.includes(name))
    return [
      {
        title: `The engine of ${names} does not answer`,
        cause: `Docker's client on ${names} finds no engine. It was stopped, it crashed, or it hangs. Its node takes no part in gossip any more, its tasks are gone or cut off, and every requirement that looks at it fails or cannot be known: one cause, not as many as there are verdicts.`,
        remedy: [
          'See why it ended: `journalctl -u docker -n 100`, and `dmesg | tail` for the out-of-memory killer; the last lines are in this report below `hosts/`',
          'Start it: `systemctl start docker`; one that hangs: `kill -USR1 $(pidof dockerd)` first, which writes its goroutines to a file that its log names',
          'Verify again when `docker node ls` on a manager shows the node Ready',
        ],
        nodes,
        proof: nodes.map(
          (node) => `docker version on ${node} found no server after the requirements were verified`,
        ),
        // Traffic that was seen and must not be is never a matter of an engine that is gone.
        explains: (problem) => problem.kind === 'missed' && concerned(nodesOf(problem)),
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
}
