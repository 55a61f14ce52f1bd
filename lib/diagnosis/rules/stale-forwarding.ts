import type { ProblemCode } from '../../observation/codes.ts'
import { placesOf } from '../lab-view.ts'
import type { Rule } from '../rule.ts'

const codes: readonly ProblemCode[] = [
  'neighbour-missing',
  'neighbour-differs',
  'neighbour-not-permanent',
  'neighbour-stale',
  'forwarding-missing',
  'forwarding-differs',
  'forwarding-stale',
]

/** The forwarding database points to the wrong host or to none. */
export const staleForwarding: Rule = {
  code: 'stale-forwarding',
  find(lab) {
    const problems = lab.problems(...codes)
    if (problems.length === 0) return []
    const nodes = placesOf(problems)
    const networks = [...new Set(problems.flatMap(({ network }) => network ?? []))]
    return [
      {
        title: `Forwarding or neighbour entries of ${networks.join(', ')} on ${nodes.join(' and ')} are stale or missing`,
        cause:
          'The engine programs by hand which task is behind which host; nothing is learnt by flooding. A missing or stale entry makes one task unreachable from one host, while it answers everywhere else and is reported healthy.',
        remedy: [
          'Move the task that cannot be reached: `docker service update --force SERVICE` gives it a new address and new entries',
          'Compare by hand: `nsenter --net=/run/docker/netns/1-NETWORK bridge fdb show` and `ip neigh` against `docker network inspect --verbose NETWORK`',
          'If it comes back after nodes lost each other for seconds, upgrade the engine: entries that are not written again after a rejoin are a known defect',
        ],
        ...{ nodes, networks },
        proof: problems
          .slice(0, 6)
          .map(({ node, network, code, subject, address }) =>
            `${node}, ${network}: ${code} ${subject ?? ''} ${address ?? ''}`.trim(),
          ),
        knownIssues: ['moby/moby#52661'],
        explains: ({ code, kind, path, network }) =>
          codes.includes(code) ||
          (kind === 'missed' &&
            networks.includes(network ?? '') &&
            path !== undefined &&
            (nodes.includes(path.from) || nodes.includes(path.to))),
      },
    ]
  },
  gravity: 160,
}
