import { nodesOf } from '../../observation/problem.ts'
import type { Rule } from '../rule.ts'

/** The engine of a node is gone: its tasks, its gossip and its answers are missing everywhere at once. */
export const engineDoesNotAnswer: Rule = {
  code: 'engine-does-not-answer',
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
          'Start it: `systemctl start docker`; one that hangs: `systemctl kill -s USR1 docker` writes its stacks to its log before a restart',
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
  gravity: 20,
}
