import { inWords } from '../in-words.ts'
import type { ProblemCode } from '../../observation/codes.ts'
import { concerns } from '../concerns.ts'
import { cutOffFromGossip } from '../gossip.ts'
import { type LabView, placesOf, type Reported } from '../lab-view.ts'
import { type TaskFacts, taskName } from '../../observation/facts.ts'
import type { Rule } from '../rule.ts'
import { told } from '../told.ts'

const codes: readonly ProblemCode[] = [
  'neighbour-missing',
  'neighbour-differs',
  'neighbour-not-permanent',
  'neighbour-stale',
  'forwarding-missing',
  'forwarding-differs',
  'forwarding-stale',
]

const mostNamed = 3

interface Misled {
  readonly problem: Reported
  /** Whose entry it is; undefined where no task has its address. */
  readonly task: TaskFacts | undefined
}

/** By what the problem names, by address or by MAC. */
function taskOf({ subject, address = '' }: Reported, { facts }: LabView): TaskFacts | undefined {
  return facts?.tasks.find(
    (task) =>
      taskName(task) === subject ||
      Object.values(task.endpoints).some(
        (one) => one.address === address || one.mac === address.toLowerCase(),
      ),
  )
}

/** An entry for one task misleads what is sent to it by that node, and what it is answered; others go their way. */
function leadsAstray({ problem: { node }, task }: Misled, { path, ends }: Reported): boolean {
  if (path === undefined || (node !== path.from && node !== path.to)) return false
  if (task === undefined || ends === undefined) return true
  return [ends.from, ends.to].includes(taskName(task))
}

/** The forwarding database points to the wrong host or to none. */
export const staleForwarding: Rule = {
  code: 'stale-forwarding',
  title: 'Forwarding or neighbour entries of a network are stale or missing on a node',
  severity: ['cause'],
  meaning:
    'The engine writes by hand which task is behind which host; nothing is learnt by flooding. One entry that is wrong makes one task unreachable from one host, while it answers everywhere else and is reported healthy.',
  proof: [
    'In the network’s namespace on the node, FDB and neighbour tables differ from the endpoints that the engines of the other nodes tell: missing, stale, not permanent, or to the wrong host',
    'They still differed after the 30 s in which engines exchange their tables',
  ],
  silencedBy: [
    'Gossip does not reach the node or its peer: what nobody was told of is not stale',
    'Tables that came right within those 30 s',
    'Lost gossip that was shown to be the reason: `gossip-udp-blocked` comes first',
  ],
  remedy: [
    'Give the task that cannot be reached a new address and new entries: `docker service update --force SERVICE`',
    'Compare: `nsenter --net=/run/docker/netns/1-NETWORK bridge fdb show dev vxlan0` and `ip neigh` with `docker network inspect --verbose NETWORK`',
    'If it comes back after nodes lost each other for seconds: upgrade the engine; `systemctl restart docker` on the node rebuilds its tables',
  ],
  reports: [
    {
      url: 'https://github.com/moby/moby/issues/52661',
      says: 'In a cluster of 23 nodes mass redeployments handed addresses on to other nodes, and stale forwarding entries cut tasks off, about weekly on 29.5.',
    },
    {
      url: 'https://github.com/moby/moby/pull/53663',
      says: 'Nodes that were given up and came back within seconds lost the permanent entries of running tasks.',
    },
    {
      url: 'https://github.com/docker/for-linux/issues/1197',
      says: 'Two of three nodes sent the packets for a task to the wrong host; captures proved it.',
    },
  ],
  find(lab) {
    const untold = cutOffFromGossip(lab)
    const problems = lab
      .problems(...codes)
      .filter((problem) => !untold.some((node) => concerns(problem, node)))
    if (problems.length === 0) return []
    const nodes = placesOf(problems)
    const networks = [...new Set(problems.flatMap(({ network }) => network ?? []))]
    const misled = problems.map((problem): Misled => ({ problem, task: taskOf(problem, lab) }))
    const sentAway = misled.flatMap(({ problem: { code, node, network }, task }) =>
      node !== undefined && task?.node === node && code !== 'forwarding-missing'
        ? [{ node, task, network }]
        : [],
    )
    const [away] = sentAway
    const tasks = [
      ...new Map(misled.flatMap(({ task }) => (task === undefined ? [] : [[task.id, task]]))).values(),
    ]
    const services = [...new Set(tasks.map(({ service }) => service))]
    const isOfFew = misled.every(({ task }) => task !== undefined) && tasks.length <= mostNamed
    const whose = isOfFew ? ` for ${inWords(tasks.map(taskName))}` : ''
    const isOnlyThat = sentAway.length === problems.length && away !== undefined
    return [
      {
        title: isOnlyThat
          ? `${inWords(nodes)} forwards to another node what is for ${inWords([...new Set(sentAway.map(({ task }) => taskName(task)))])}, a task of its own: an entry of ${networks.join(', ')} is stale`
          : `Forwarding or neighbour entries of ${networks.join(', ')}${whose} on ${inWords(nodes)} are stale or missing`,
        cause:
          'The engine programs by hand which task is behind which host; nothing is learnt by flooding. A missing or stale entry makes one task unreachable from one host, while it answers everywhere else and is reported healthy.',
        remedy: [
          `Move the task that cannot be reached: \`docker service update --force ${services.length === 1 ? services[0] : 'SERVICE'}\` gives it a new address and new entries`,
          'Compare by hand: `nsenter --net=/run/docker/netns/1-NETWORK bridge fdb show` and `ip neigh` against `docker network inspect --verbose NETWORK`',
          'If it comes back after nodes lost each other for seconds, upgrade the engine: entries that are not written again after a rejoin are a known defect',
        ],
        ...{ nodes, networks },
        proof: told(problems),
        explains: (problem) =>
          codes.includes(problem.code) ||
          (problem.code === 'local-traffic-left' && sentAway.some(({ node }) => node === problem.node)) ||
          (problem.kind === 'missed' &&
            networks.includes(problem.network ?? '') &&
            misled.some((entry) => leadsAstray(entry, problem))),
      },
    ]
  },
  gravity: 150,
}
