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
  title: 'IPVS on some nodes does not list the running tasks, on others it does',
  severity: ['cause'],
  meaning:
    'Every node fills IPVS by itself from gossip. Lists that differ by node mean that a node missed an update: connections through it reach tasks that are gone or miss some that run. They fail now and then, depending on where they enter.',
  proof: [
    'IPVS read in the balancer’s namespace on each node, beside the tasks that the engines list: a task is missing, a stranger is listed, a weight is 0, a service or the balancer itself is missing',
    'On at least one other node there is nothing wrong',
  ],
  silencedBy: ['IPVS is right on all nodes, or wrong on all: then it is no difference between nodes'],
  remedy: [
    'Have the entries written again: `docker service update --force SERVICE`',
    'If that does not help: `docker node update --availability drain NODE`, restart its engine, then `--availability active`',
    'Compare: `nsenter --net=/run/docker/netns/lb_NETWORK ipvsadm -ln` on two nodes; published ports in `ingress_sbox`',
    'Look for lost gossip (CTL-03, CTL-10), which brings it back: `journalctl -u docker | grep memberlist`',
  ],
  reports: [
    {
      url: 'https://github.com/moby/moby/issues/30464',
      says: 'IPVS went wrong on nodes over time, and straight after services were brought up again.',
    },
    {
      url: 'https://github.com/moby/moby/issues/33790',
      says: 'Addresses of tasks that had ended stayed in IPVS, and requests failed now and then.',
    },
    {
      url: 'https://github.com/moby/moby/issues/25325',
      says: 'Scaled from ten tasks to one, a service answered through one host only.',
    },
  ],
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
        explains: ({ code, node, path, requirement }) =>
          (codes.includes(code) && nodes.includes(node ?? '')) ||
          (/^(LB|ING)-/.test(requirement) && nodes.some((name) => name === node || name === path?.from)),
      },
    ]
  },
}
