import { namedNodes } from '../named-hosts.ts'
import { finding } from '../rule.ts'
import type { Rule } from '../rule.ts'

/** The forwarding database points to the wrong host or to none. */
export const staleForwarding: Rule = (run) => {
  if (!run.failed('VXL-06')) return undefined
  const reason = run.reason('VXL-06')
  if (!/stale|missing|wrong|no (\w+ )?(entry|entries)|gone|lacks|leads to/i.test(reason)) return undefined
  // `NETWORK on NODE: …` says whose table it is; what follows may name where the task runs.
  const tables = run.nodeNames.filter((name) => reason.includes(` on ${name}: `))
  const nodes = tables.length > 0 ? tables : namedNodes(reason, run.nodeNames)
  return finding({
    title: 'Forwarding or neighbour entries of an overlay are stale or missing',
    cause:
      'The engine programs by hand which task is behind which host; nothing is learnt by flooding. A missing or stale entry makes one task unreachable from one host, while it answers everywhere else and is reported healthy.',
    remedy: [
      'Move the task that cannot be reached: `docker service update --force SERVICE` gives it a new address and new entries',
      'Compare by hand: `nsenter --net=/run/docker/netns/1-NETWORK bridge fdb show` and `ip neigh` against `docker network inspect --verbose NETWORK`',
      'If it comes back after nodes lost each other for seconds, upgrade the engine: entries that are not written again after a rejoin are a known defect',
    ],
    requirements: run.failedAmong('VXL-06', 'OVL-03', 'OVL-10', 'LB-01', 'ING-02'),
    hosts: nodes,
    knownIssues: ['moby/moby#52661'],
  })
}
