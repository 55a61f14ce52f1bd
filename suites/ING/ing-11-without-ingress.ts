import type { TestContext } from '../../lib/conformance/context.ts'
import { requireNone } from '../../lib/conformance/require-none.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import { httpBody, httpGet } from '../../lib/probe/http.ts'
import type { ProbeRequest } from '../../lib/probe/probe.ts'
import type { Task } from '../../lib/swarm/cluster.ts'
import { unpublishedServices, withoutIngress as gap } from '../../lib/swarm/ingress-gap.ts'
import { pagePath } from '../../lib/swarm/probe-task.ts'
import { readTasks } from '../../lib/swarm/read-objects.ts'
import type { Stack } from '../../lib/swarm/stack.ts'
import { listIngress } from '../../lib/swarm/swarm-networks.ts'
import { dnsAnswer, dnsQuery } from '../../lib/probe/dns.ts'
import { addressOn, inTask, orderedPairs, taskLabel } from '../scene/pair.ts'
import { type Shares, countShares } from '../LB/shares.ts'
import { docs } from '../source.ts'

const connectionsPerTask = 2

interface Asked {
  readonly what: string
  readonly request: ProbeRequest
  /** For a name: the addresses it must resolve to. */
  readonly expected?: readonly string[]
}

export const withoutIngress = conformanceTest({
  id: 'ING-11',
  requirement:
    'While no ingress exists, services that publish nothing go on working, and a service that publishes is refused.',
  source: [docs('Customize the ingress network')],
  safety: 'lab',
  needs: ['two-nodes'],
  method:
    'The services that publish through ingress are removed, then ingress itself. While there is none, the tasks of the services that publish nothing must be the same ones as before, reach each other on every network they share by ICMP and TCP, and resolve each other’s names. Connections to the virtual IP of one of them, from a task on every node, must be answered by its tasks; how they are shared is reported, not judged, for the documentation says that they are not balanced then, and engines with a balancer for each network go on. A service that publishes through ingress must be refused with an error that names it. Afterwards ingress and the services are put back as they were.',
  usualCauses: [
    'something was wrong with the networks before: see OVL-03 and DSC-02',
    'the engine was restarted while there was no ingress, and could not start its tasks again',
  ],
  remedy: [
    'docker service ps SERVICE: were tasks restarted, and why?',
    'docker network create --driver overlay --ingress ingress brings ingress back; then docker service update --force what publishes',
  ],
  async run(context) {
    const { cluster, stack, topology, probe, signal, evidence } = context
    const names = unpublishedServices(stack)
    await using trial = context.trial('ing11')
    const before = await readTasks(cluster, names)
    const { found, tasks, asked, observations, balanced, publishing } = await gap(
      { topology, cluster, stack, trial, label: trial.label, signal },
      async () => {
        const found = await listIngress(cluster)
        const tasks = await readTasks(cluster, names)
        const asked = plan(stack, tasks)
        const observations = await probe.send(asked.map(({ request }) => request))
        const balanced = await byVirtualIp(context, tasks)
        const publishing = await trial.tryService('door', ['--replicas=1', '--publish', 'target=80'])
        return { found, tasks, asked, observations, balanced, publishing }
      },
    )
    const restored = await listIngress(cluster)
    evidence.observe('ingress networks', { meanwhile: found, afterwards: restored })
    evidence.observe('tasks of services that publish nothing', {
      before: before.length,
      meanwhile: tasks.length,
    })
    const failed = asked.flatMap(({ what, expected }, index) => {
      const observation = observations[index]
      if (observation === undefined) return [`${what}: not tried`]
      if (expected === undefined)
        return observation.outcome === 'answered' ? [] : [`${what}: ${observation.outcome}`]
      const answer = dnsAnswer(observation)
      const got = answer?.addresses ?? []
      return [...got].sort().join() === [...expected].sort().join()
        ? []
        : [`${what}: ${got.join(', ') || observation.outcome}, expected ${expected.join(', ')}`]
    })
    const lost = before.filter(({ id }) => !tasks.some((task) => task.id === id))
    evidence.observe('tried', { probes: asked.length, failed: failed.length })
    evidence.observe('not judged: shares of connections to a virtual IP, by client', balanced)
    evidence.observe('what a manager said to a service that publishes', {
      ...publishing,
      words: publishing.words.slice(0, 300),
    })
    const manager = cluster.manager.host.name
    if (found.length > 0) throw new Error(`ingress was not removed: ${found.join(', ')}`)
    requireNone('services that publish nothing go on working without ingress', [
      ...lost.map((task) => `${taskLabel(task)}: task ${task.id} no longer runs`),
      ...failed,
      ...balanced.flatMap(({ client, strangers, unanswered }) => [
        ...(unanswered === 0 ? [] : [`${client}: ${unanswered} connections to the virtual IP had no answer`]),
        ...strangers.map(
          (stranger) => `${client}: "${stranger}" answered at the virtual IP, which is no task of it`,
        ),
      ]),
      ...(publishing.accepted ? [`${manager} accepted a service that publishes, without ingress`] : []),
      ...(publishing.accepted || /ingress/i.test(publishing.words)
        ? []
        : [
            `${manager} refused a service that publishes without naming ingress: ${publishing.words.slice(0, 160)}`,
          ]),
    ])
    if (restored.length !== 1) throw new Error('ingress could not be put back')
    evidence.conclude(
      `without ingress ${tasks.length} tasks of ${names.length} services went on: ${asked.length} probes of names, ICMP and TCP between them were answered as they should, and so were connections to a virtual IP, ${sharesTold(balanced)}; a service that publishes was refused; ${restored[0]} stands again`,
    )
  },
})

function plan(stack: Stack, tasks: readonly Task[]): Asked[] {
  const networks = [...new Set(tasks.flatMap(({ endpoints }) => Object.keys(endpoints)))].filter(
    (name) => name !== 'docker_gwbridge',
  )
  return networks.flatMap((name) => {
    const on = tasks.filter(({ endpoints }) => endpoints[name] !== undefined)
    const pairs = orderedPairs(on).filter(([from, to]) => from.node !== to.node)
    // A service on several networks may be told by any of its addresses.
    const services = [...new Set(on.filter(isOnOne).map(({ service }) => service))]
    return [
      ...pairs.flatMap(([from, to]): Asked[] => {
        const common = { from: inTask(from), to: addressOn(to, { name }) }
        const what = `${taskLabel(from)} → ${taskLabel(to)} on ${name}`
        return [
          { what: `${what}, ICMP`, request: { ...common, kind: 'icmp', packetBytes: 84 } },
          {
            what: `${what}, TCP`,
            request: {
              ...common,
              kind: 'tcp',
              port: 80,
              request: httpGet(pagePath(stack)),
              timeoutMs: 15_000,
            },
          },
        ]
      }),
      ...on.flatMap((from) =>
        services.map((service): Asked => ({
          what: `${taskLabel(from)} asks for tasks.${service}`,
          request: dnsQuery(inTask(from), `tasks.${service}`),
          expected: on.filter((task) => task.service === service).map((task) => addressOn(task, { name })),
        })),
      ),
    ]
  })
}

/** From a task of a global service on every node to the virtual IP of that service. */
async function byVirtualIp({ stack, probe }: TestContext, tasks: readonly Task[]): Promise<Shares[]> {
  const { front } = stack.services
  const vip = front.vips[stack.networks.shop.id]
  const own = tasks.filter(({ service }) => service === front.name)
  if (vip === undefined || own.length === 0) return []
  const observations = await probe.send(
    own.map((from) => ({
      kind: 'tcp' as const,
      from: inTask(from),
      to: vip,
      port: 80,
      request: httpGet(pagePath(stack)),
      timeoutMs: 15_000,
      repeat: connectionsPerTask * own.length,
    })),
  )
  const names = new Map(own.map((task) => [task.hostname, taskLabel(task)]))
  return own.map((task, index) =>
    countShares(taskLabel(task), observations[index]?.replies.map(httpBody) ?? [], names),
  )
}

function sharesTold(shares: readonly Shares[]): string {
  const all = shares.map(({ byTask }) => Object.values(byTask).join(':'))
  return all.length === 0 ? 'which nobody could make' : `shared ${[...new Set(all)].join(' and ')}`
}

function isOnOne({ endpoints }: Task): boolean {
  return Object.keys(endpoints).filter((name) => name !== 'docker_gwbridge').length === 1
}
