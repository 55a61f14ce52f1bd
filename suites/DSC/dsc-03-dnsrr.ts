import { requirement } from '../../lib/conformance/test.ts'
import { type TaskFacts, taskName, tasksIn } from '../../lib/observation/facts.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import { type Part, part } from '../../lib/observation/part.ts'
import type { Problem } from '../../lib/observation/problem.ts'
import { ingressNamespace } from '../../lib/swarm/namespaces.ts'
import { discovery, lookupsOf } from '../scene/recordings/discovery.ts'
import { kernel, type KernelSeen, namespaceSeen } from '../scene/judging/kernel-seen.ts'
import { answersTable, nameProblems } from '../scene/judging/name-problems.ts'
import { choosesAtRandom, randomBackends } from '../../lib/observe/random-balancer.ts'
import { whomItLists } from '../scene/judging/random-balancer.ts'
import { unseenFrom } from '../scene/judging/unseen-from.ts'
import { docs } from '../source.ts'

export const dnsRoundRobin = requirement({
  id: 'DSC-03',
  requirement:
    'With `--endpoint-mode dnsrr` the name resolves to the task IPs; there is no VIP and no IPVS entry.',
  source: [docs('Configure service discovery')],
  safety: 'production',
  needs: ['ipvs'],
  method:
    'Every task of the clear network asks for the name of the dnsrr service: each answer must be exactly its running tasks. Service inspect must show no virtual IP, and no IPVS table of any namespace of any node may list one of its tasks. Control: the same tables list the tasks of the service with a virtual IP. Where balancers choose at random by rules of nftables, the map that they choose from is such a table.',
  usualCauses: [
    'the service runs with endpoint mode vip: it was updated or deployed without the option',
    'gossip (7946) does not reach a node, so it misses tasks',
  ],
  remedy: [
    'docker service inspect SERVICE --format "{{json .Endpoint}}"',
    'docker service update --endpoint-mode dnsrr SERVICE',
    'nsenter --net=/run/docker/netns/lb_… ipvsadm -ln on the node named',
  ],
  codes: [
    'name-lacks-task',
    'name-lists-stranger',
    'name-not-answered',
    'name-refused',
    'name-lists-twice',
    'virtual-ip-left',
    'balanced-without-virtual-ip',
  ],
  changes: [],
  quiet: ['changes'],
  reads: [discovery, kernel],
  observe: async (lab) => ({
    discovery: await lab.scene(discovery),
    kernel: await lab.scene(kernel),
  }),
  judge(seen, facts) {
    const { clear } = facts.networks
    const { rr, web } = facts.services
    const lookups = lookupsOf(seen.discovery, rr.name)
    const tasks = tasksIn(facts, 'clear')
    const expected = labelsOf(tasks, rr.name, clear.name)
    const nodes = Object.fromEntries(facts.nodes.map(({ name }) => [name, balanced(seen.kernel, name)]))
    const { got, missing, unseen } = part(nodes, 'IPVS')
    const destinations = [...got.values()].flat()
    const anywhere = labelsOf(tasks, rr.name)
    const wrong = destinations.filter(({ address }) => anywhere.has(address))
    const others = labelsOf(tasks, web.name)
    const control = destinations.filter(({ address }) => others.has(address))
    const without = [...got.keys()].filter((name) => !control.some(({ node }) => node === name))
    return judgement({
      problems: [
        ...lookups.flatMap((lookup) =>
          nameProblems(lookup, expected, { network: clear.name, service: rr.name }).map((problem) => ({
            ...problem,
            controls: [],
          })),
        ),
        ...Object.values(rr.vips).map((address): Problem => {
          return { code: 'virtual-ip-left', kind: 'seen', service: rr.name, address }
        }),
        ...wrong.map(({ node, namespace, address }): Problem => ({
          ...{ code: 'balanced-without-virtual-ip', kind: 'seen', node, service: rr.name, address },
          ...{ subject: anywhere.get(address) ?? address, observed: namespace },
        })),
      ],
      controls: [
        {
          name: `IPVS of every node lists tasks of ${web.name}`,
          held: without.length === 0,
          observed: without.length === 0 ? control.length : `none on ${without.join(', ')}`,
        },
      ],
      missing,
      unseen: [
        ...unseen,
        ...unseenFrom(facts, 'clear'),
        ...(expected.size === 0 ? [{ what: `a running task of ${rr.name}`, nodes: [] }] : []),
      ],
      tables: {
        'service inspect': { service: rr.name, endpointMode: rr.endpointMode, virtualIps: rr.vips },
        [`answers for ${rr.name}`]: {
          runningTasks: Object.fromEntries(expected),
          answers: answersTable(lookups),
        },
        'IPVS destinations that are tasks': { [rr.name]: wrong, [web.name]: control.length },
      },
      conclusion:
        lookups.length === 0
          ? ''
          : `${lookups.length} tasks resolve ${rr.name} to its ${expected.size} tasks; it has no virtual IP and none of ${destinations.length} IPVS destinations is one of its tasks, while ${control.length} are tasks of ${web.name}`,
    })
  },
})

interface Destination {
  readonly node: string
  readonly namespace: string
  readonly address: string
}

/** What IPVS, or a balancer without it, in any namespace of a node sends connections to. */
function balanced(seen: KernelSeen, node: string): Part<Destination[]> {
  const readable = namespaceSeen(seen, node, ingressNamespace, 'devices')
  if (!('got' in readable)) return readable
  const namespaces = Object.entries(seen[node]?.namespaces ?? {})
  const isUnsaid = namespaces.some(
    ([, state]) => choosesAtRandom(state) && randomBackends(state) === undefined,
  )
  if (isUnsaid) return { threw: `it is not known ${whomItLists}` }
  return {
    got: namespaces.flatMap(([namespace, state]) => {
      const listed = [
        ...state.ipvs.flatMap(({ destinations }) => destinations),
        ...(randomBackends(state) ?? []),
      ]
      return listed.map(({ address }) => ({ node, namespace, address }))
    }),
  }
}

/** Labels of a service's tasks by their address on one network, or on all they are attached to. */
function labelsOf(
  tasks: readonly TaskFacts[],
  service: string,
  network?: string,
): ReadonlyMap<string, string> {
  return new Map(
    tasks
      .filter((task) => task.service === service)
      .flatMap((task) =>
        Object.entries(task.endpoints)
          .filter(([name]) => network === undefined || name === network)
          .map(([, { address }]) => [address, taskName(task)] as const),
      ),
  )
}
