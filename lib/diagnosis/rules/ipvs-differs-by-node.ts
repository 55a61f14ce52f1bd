import type { ProblemCode } from '../../observation/codes.ts'
import { placesOf } from '../lab-view.ts'
import type { Rule } from '../rule.ts'

const codes: readonly ProblemCode[] = [
  'balancer-lacks-task',
  'balancer-lists-stranger',
  'balancer-weight-zero',
  'balancer-lacks-service',
  'balancer-not-set-up',
]

/** IPVS is wrong on some nodes and right on others: the nodes do not know the same tasks. */
export const ipvsDiffersByNode: Rule = {
  code: 'ipvs-differs-by-node',
  find(lab) {
    const problems = lab.problems(...codes)
    const nodes = placesOf(problems)
    if (nodes.length === 0 || nodes.length === lab.nodeNames.length) return []
    const names = nodes.join(' and ')
    return [
      {
        title: `IPVS on ${names} does not list the running tasks, on the other nodes it does`,
        cause:
          'Every node fills IPVS by itself from the gossip of its peers. Lists that differ by node mean that this node missed an update: connections through it reach tasks that are gone or miss some that run, and fail now and then, depending on where they enter.',
        remedy: [
          'Let the engine write the entries again: `docker service update --force SERVICE`',
          'If that does not help, drain the node, restart its engine and activate it: `docker node update --availability drain NODE`',
          'See whether gossip is whole (CTL-03, CTL-10): lost datagrams on 7946/udp bring it back',
        ],
        nodes,
        proof: problems
          .slice(0, 6)
          .map(({ node, code, subject, address }) =>
            `${node}: ${code} ${subject ?? ''} ${address ?? ''}`.trim(),
          ),
        knownIssues: ['moby/moby#30464', 'moby/moby#28564'],
        explains: ({ code, node, path, requirement }) =>
          (codes.includes(code) && nodes.includes(node ?? '')) ||
          (/^(LB|ING)-/.test(requirement) && nodes.some((name) => name === node || name === path?.from)),
      },
    ]
  },
  gravity: 170,
}
