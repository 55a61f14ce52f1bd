import { namedNodes } from '../named-hosts.ts'
import { finding } from '../rule.ts'
import type { Rule } from '../rule.ts'

/** Docker's own client said that there is no engine to talk to, and on which host. */
const refusal =
  /\(on ([\w-]+)\)[\s\S]{0,300}?(?:Cannot connect to the Docker daemon|Is the docker daemon running)/g

/** The engine of a node is gone: its tasks, its gossip and its answers are missing everywhere at once. */
export const engineDoesNotAnswer: Rule = (run) => {
  // Requirements on resilience end engines themselves.
  const bad = run.notPassed('*').filter((id) => !id.startsWith('RES-'))
  const told = new Set(bad.flatMap((id) => [...run.reason(id).matchAll(refusal)].map(([, host]) => host)))
  const hosts = run.nodeNames.filter((name) => told.has(name))
  if (hosts.length === 0) return undefined
  const names = hosts.join(' and ')
  return finding({
    title: `The engine of ${names} does not answer`,
    cause: `Docker's client on ${names} finds no engine. It was stopped, it crashed, or it hangs. Its node takes no part in gossip any more, its tasks are gone or cut off, and every requirement that looks at it fails or cannot be known: one cause, not as many as there are verdicts. What fails without naming ${names} is worth a look of its own.`,
    remedy: [
      'See why it ended: `journalctl -u docker -n 100`, and `dmesg | tail` for the out-of-memory killer; the last lines are in this report below `hosts/`',
      'Start it: `systemctl start docker`; one that hangs: `systemctl kill -s USR1 docker` writes its stacks to its log before a restart',
      'Verify again when `docker node ls` on a manager shows the node Ready',
    ],
    requirements: bad.filter((id) => namedNodes(run.reason(id), hosts).length > 0),
    hosts,
  })
}
