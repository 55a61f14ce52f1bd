import { inWords } from '../in-words.ts'
import type { ProblemCode } from '../../observation/codes.ts'
import { taskName } from '../../observation/facts.ts'
import { type LabView, pathsOf, type Reported } from '../lab-view.ts'
import { missesPackets } from '../missed-packets.ts'
import type { Rule } from '../rule.ts'
import { told } from '../told.ts'

/** Seen in kernels, or told by engines of their own endpoints. */
const codes: readonly ProblemCode[] = [
  'address-held-twice',
  'gateway-address-used',
  'address-outside-subnet',
  'prefix-length-differs',
  'address-not-held',
  'address-missing',
  'endpoint-address-differs',
  'balancer-address-differs',
]

const kinds: Readonly<Partial<Record<ProblemCode, string>>> = {
  'address-held-twice': 'one that another holds as well',
  'gateway-address-used': 'the gateway’s',
  'address-outside-subnet': 'outside the subnet',
  'prefix-length-differs': 'of another prefix length',
  'address-not-held': 'not on the interface',
  'address-missing': 'missing from the interface',
  'endpoint-address-differs': 'another than the manager gave',
  'balancer-address-differs': 'another than the engine lists',
}

/** Interfaces of tasks or balancers have other addresses than the manager gave them, or one that somebody else has. */
export const endpointAddresses: Rule = {
  code: 'endpoint-addresses',
  title: 'Endpoints of an overlay have wrong, double or foreign addresses',
  severity: ['cause'],
  meaning:
    'The manager gives out every address of an overlay once, and an engine writes it to the interface of the task or the balancer. Where an interface has another one, two have the same, or one has the gateway’s, answers come from the wrong task or from none, depending on who asks and on what he has learnt before.',
  proof: [
    'The interface as the kernel has it, in the namespace of the task or the balancer, beside what the manager’s API and the engine say',
    'It was so in every look of at least 30 s',
  ],
  silencedBy: [
    'What came right while it was looked at again',
    'Sources that could not be read: a difference needs two',
    'What was missed is of other tasks and addresses on the same nodes; another prefix length alone explains nothing that was missed',
  ],
  remedy: [
    'New addresses for the tasks that are named: `docker service update --force SERVICE`',
    'Who has it: `docker network inspect --verbose NETWORK` on both nodes, and `ip -4 addr` in the namespace, `nsenter --net=/run/docker/netns/SANDBOX`',
    'An endpoint that no task has: `docker network disconnect -f NETWORK NAME`; a balancer’s is written again by `systemctl restart docker`',
    'After a quorum was forced or a manager restored from a backup: update every service once by `--force`, the allocator gives all addresses out again',
  ],
  reports: [
    {
      url: 'https://github.com/moby/moby/issues/33795',
      says: 'After engines and tasks were killed, addresses of a swarm’s overlay were given to more than one task.',
    },
    {
      url: 'https://github.com/moby/moby/issues/33402',
      says: 'With hundreds of services on one overlay several of them had equal addresses.',
    },
    {
      url: 'https://github.com/moby/moby/issues/32738',
      says: 'A user found the address of a service and that of a balancer to be the same on different nodes.',
    },
  ],
  find(lab) {
    const problems = lab
      .problems(...codes)
      .filter(({ requirement }) => /^(ADR|OVL|DSC|VXL)/.test(requirement))
    if (problems.length === 0) return []
    // What another prefix length makes of a task’s own routes is not seen here.
    const wrong = problems.filter(({ code }) => code !== 'prefix-length-differs')
    const nodes = [...new Set(problems.flatMap(({ node }) => node ?? []))]
    const pairs = pathsOf(problems)
    const networks = [...new Set(problems.flatMap(({ network }) => network ?? []))]
    const places = new Set([...nodes, ...pairs.flatMap(({ from, to }) => [from, to])])
    const found = [...new Set(problems.map(({ code }) => kinds[code] ?? code))].join(', ')
    return [
      {
        title: `Endpoints of ${networks.join(', ') || 'an overlay'} on ${inWords([...places])} have wrong addresses: ${found}`,
        cause:
          'What an interface has is not what the manager gave: somebody changed it by hand or by a program in a container with NET_ADMIN, or the allocator gave it out twice after it lost its state. Answers come from the wrong task or from none, depending on who asks.',
        remedy: [
          `Give the tasks new addresses: \`docker service update --force SERVICE\`, for ${subjectsOf(problems)}`,
          'Look at both ends: `docker network inspect --verbose NETWORK`, and `ip -4 addr` in the namespaces that are named',
          'If more come back, the allocator is wrong: update every service once by `--force`',
        ],
        ...{ nodes, pairs, networks },
        proof: told(problems),
        explains: (problem) =>
          codes.includes(problem.code) || wrong.some((one) => concerns(problem, one, lab)),
      },
    ]
  },
  gravity: 145,
}

/** Answers that come from another or not at all, of whoever has the wrong address or should have it. */
function concerns(problem: Reported, wrong: Reported, lab: LabView): boolean {
  const { code, network, ends } = problem
  if (network !== wrong.network || network === undefined) return false
  if (!missesPackets(problem) && code !== 'answered-by-another' && code !== 'inner-address-unknown')
    return false
  if (wrong.code === 'balancer-address-differs')
    return (problem.node ?? problem.path?.from) === wrong.node && byVirtualIp.includes(code)
  const addresses = [wrong.address, wrong.expected, wrong.observed]
  const who = [ends?.from, ends?.to, problem.subject].filter((one) => one !== undefined)
  return (
    (problem.address !== undefined && addresses.includes(problem.address)) ||
    (wrong.subject !== undefined && who.some((one) => wrong.subject?.split(' ').includes(one))) ||
    (lab.facts?.tasks ?? []).some(
      (task) => who.includes(taskName(task)) && addresses.includes(task.endpoints[network]?.address),
    )
  )
}

const byVirtualIp: readonly ProblemCode[] = [
  ...(['virtual-ip-silent', 'connections-unanswered', 'requests-unanswered'] as const),
  'task-not-balanced-to',
]

function subjectsOf(problems: readonly { readonly subject?: string }[]): string {
  return [...new Set(problems.flatMap(({ subject }) => subject ?? []))].slice(0, 4).join(', ')
}
