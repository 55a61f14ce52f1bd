import { randomBytes } from 'node:crypto'
import type { TestContext } from '../../lib/conformance/context.ts'
import { requireNone } from '../../lib/conformance/require-none.ts'
import { soundPackets } from '../../lib/conformance/sound-packets.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import { dnsAnswer, dnsQuery } from '../../lib/probe/dns.ts'
import type { Observation } from '../../lib/probe/probe.ts'
import { layerOf, outerIp } from '../../lib/packet/query.ts'
import type { Packet } from '../../lib/packet/packet.ts'
import type { HostState } from '../../lib/observe/host-state.ts'
import { deviceTo } from '../../lib/observe/route.ts'
import type { ClusterNode, Task } from '../../lib/swarm/cluster.ts'
import { namespacePath } from '../../lib/swarm/namespaces.ts'
import { rootOf, stateOf } from '../scene/kernel.ts'
import { inTask, onNode, taskLabel } from '../scene/pair.ts'
import { networkViews } from '../scene/views.ts'
import { overlayTutorial } from '../source.ts'
import { contains, networkOf } from '../../lib/topology/cidr.ts'
import { type HostResolver, readHostResolver } from './host-resolver.ts'
import { namesOfHost, readHostsFiles } from './hosts-file.ts'

/** Asked besides the host's search domains: reserved for documentation (RFC 6761), and known to public DNS. */
const publicName = 'example.com'

const noncePrefix = 'swarmproof-'

/**
 * Questions for a name with a nonce, and nobody else's. In an IPv4 datagram the first label of the question, its length
 * before it, starts behind 8 bytes of UDP and 12 of DNS: 27, `swarmpr`.
 */
const ownQuestions = 'udp port 53 and udp[20:4] = 0x1b737761 and udp[24:4] = 0x726d7072'

/** A task on a node, the nameservers it should inherit, and a name nobody else ever asked for. */
interface Place {
  readonly node: ClusterNode
  readonly task: Task
  readonly resolver: HostResolver
  readonly nonce: string
}

export const inheritsResolver = conformanceTest({
  id: 'DSC-06',
  requirement:
    'A task inherits the daemon’s DNS: a name that the host’s resolver knows resolves in the task.',
  source: [overlayTutorial('Further Remarks')],
  safety: 'production',
  needs: [],
  method:
    'On every node a task asks its resolver for a name with a nonce, which no service has, while the interface is recorded by which the task leaves its host, and that by which the host reaches its nameservers, for engines from 28 on ask them from the host’s own namespace: the question must be seen on its way to one of the nameservers of that host (daemon.json, else resolv.conf). Questions of nobody else are recorded. Then the host and the task ask for the host’s search domains and one public name; every name the host’s nameservers give an address for must have one in the task, too. Last, the names that only the host’s /etc/hosts knows are looked for in the file of that name in the task, and the task’s resolver is asked for them: engines write a container’s file themselves, so what is found is reported, not judged. Nothing is changed anywhere.',
  usualCauses: [
    'the task’s traffic does not leave the host: masquerading or forwarding for docker_gwbridge is gone (GWB-02)',
    'the host’s nameserver changed after the task was started: a running task keeps the old one',
    'the nameserver listens on the host’s loopback only, or refuses queries from other addresses',
  ],
  remedy: [
    'nsenter -t PID -n nslookup NAME 127.0.0.11 on the host named, beside nslookup NAME on the host itself',
    'docker service update --force SERVICE after the host’s resolv.conf has changed, or set "dns" in /etc/docker/daemon.json',
  ],
  async run(context) {
    const { evidence } = context
    const places = await placesOf(context)
    const asked = places.filter(({ resolver }) => resolver.nameservers.length > 0)
    const seen = await forwarded(context, asked)
    const names = await compare(context, asked)
    const inHostsFile = await hostsFileNames(context, places)
    evidence.observe('not judged: names of the host’s /etc/hosts in the task', inHostsFile)
    evidence.observe(
      'nameservers of each host and where the task’s question went',
      places.map(({ node, task, resolver }) => ({
        node: node.host.name,
        task: taskLabel(task),
        nameservers: resolver.nameservers,
        from: resolver.from,
        questionSeenTo: seen.find(({ place }) => place.node === node)?.servers ?? [],
      })),
    )
    evidence.observe('names asked on the host and in the task', names)
    evidence.packets(
      'questions on their way',
      seen.flatMap(({ packets }) => packets.slice(0, 4)),
    )
    requireNone('tasks ask the nameservers of their host and know what it knows', [
      ...seen
        .filter(
          ({ place, servers }) => !servers.some((server) => place.resolver.nameservers.includes(server)),
        )
        .map(
          ({ place, servers }) =>
            `${taskLabel(place.task)}: its question was ${servers.length === 0 ? 'sent to no nameserver' : `sent to ${servers.join(', ')}`}, the host’s are ${place.resolver.nameservers.join(', ')}`,
        ),
      ...names
        .filter(({ onHost, inTask: found }) => onHost.length > 0 && found.length === 0)
        .map(
          ({ task, name, onHost, taskSaid }) =>
            `${task}: ${name} is ${onHost.join(', ')} to its host, and ${taskSaid} in the task`,
        ),
    ])
    if (asked.length === 0)
      throw new Error('no host has a nameserver with an IPv4 address, so there is nothing to inherit')
    const known = names.filter(({ onHost }) => onHost.length > 0)
    evidence.conclude(
      `tasks on ${asked.length} nodes put their question to the nameserver of their host (${[...new Set(seen.flatMap(({ servers }) => servers))].join(', ')}); ${
        known.length === 0
          ? 'no name was known to the hosts themselves, so no answer could be compared'
          : `${known.length} names their hosts know resolve in them`
      }; ${hostsFileTold(inHostsFile)}`,
    )
  },
})

async function placesOf({ cluster, stack }: TestContext): Promise<Place[]> {
  const places = await Promise.all(
    cluster.nodes.map(async (node) => {
      const task = stack.tasks.find((candidate) => candidate.node === node)
      const nonce = `${noncePrefix}${randomBytes(8).toString('hex')}.example`
      return task === undefined ? [] : [{ node, task, resolver: await readHostResolver(node), nonce }]
    }),
  )
  return places.flat()
}

/** Where each task's question for its nonce was seen to go. */
async function forwarded(context: TestContext, places: readonly Place[]) {
  if (places.length === 0) return []
  const [states, views] = await Promise.all([context.state(), networkViews(context)])
  const points = places.flatMap(({ node, task, resolver }) => {
    const bridge = views.get(node.host.name)?.find(({ name }) => name === 'docker_gwbridge')?.subnets[0] ?? ''
    const inside = { ...wayOut(task, stateOf(states, node), bridge), host: node.host }
    const { routes } = rootOf(stateOf(states, node), 'ip')
    const ways = resolver.nameservers.map((address) =>
      address.startsWith('127.') ? 'lo' : deviceTo(routes, address),
    )
    return [
      inside,
      ...[...new Set(ways)].flatMap((name) => (name ? [{ host: node.host, interface: name }] : [])),
    ]
  })
  const markers = places.map(({ nonce }) => nonce.split('.')[0] ?? nonce)
  const questions = places.map(({ task, nonce }) => ({ ...dnsQuery(inTask(task), nonce), timeoutMs: 6000 }))
  const { recordings } = await context.wire.during(
    points.map((point) => ({ ...point, direction: 'both' as const, filter: ownQuestions, markers })),
    () => context.probe.send(questions),
  )
  return places.map((place) => {
    const packets = recordings
      .filter(({ point }) => point.host === place.node.host)
      .flatMap((recording) => soundPackets(recording))
      .filter((packet) => layerOf(packet, 'udp')?.destinationPort === 53 && asksFor(packet, place.nonce))
    const servers = new Set(packets.flatMap((packet) => outerIp(packet)?.destination ?? []))
    return { place, packets, servers: [...servers].filter((server) => server !== '127.0.0.11') }
  })
}

/** The interface of a task on docker_gwbridge, with the namespace it is in. */
function wayOut(task: Task, state: HostState, bridge: string): { interface: string; namespace: string } {
  const macs = new Set(Object.values(task.endpoints).map(({ mac }) => mac))
  for (const [namespace, { links }] of Object.entries(state.namespaces)) {
    if (!links.some(({ mac }) => macs.has(mac))) continue
    const link = links.find(({ addresses }) =>
      addresses.some(
        ({ family, address }) => family === 'inet' && bridge !== '' && contains(networkOf(bridge), address),
      ),
    )
    if (link !== undefined) return { interface: link.name, namespace: namespacePath(namespace) }
  }
  throw new Error(
    `no interface of ${taskLabel(task)} on docker_gwbridge was found, so its questions could not be recorded`,
  )
}

/** As DNS writes it: each label with its length before it. */
function asksFor(packet: Packet, name: string): boolean {
  const [label = ''] = name.split('.')
  return Buffer.from(packet.bytes).includes(Buffer.concat([Buffer.from([label.length]), Buffer.from(label)]))
}

/** The same names asked of the host's nameservers and of the task's resolver. */
async function compare({ probe }: TestContext, places: readonly Place[]) {
  const planned = places.flatMap((place) =>
    [...new Set([...place.resolver.searchDomains, publicName])].map((name) => ({ ...place, name })),
  )
  const requests = planned.flatMap(({ node, task, name, resolver }) => [
    dnsQuery(inTask(task), name),
    ...resolver.nameservers.map((server) => dnsQuery(onNode(node), name, 'A', server)),
  ])
  const observations = [...(await probe.send(requests, { concurrency: 32 }))]
  return planned.map(({ task, name, resolver }) => {
    const [own, ...host] = observations.splice(0, 1 + resolver.nameservers.length) as [
      Observation,
      ...Observation[],
    ]
    const answer = dnsAnswer(own)
    return {
      task: taskLabel(task),
      name,
      onHost: [...new Set(host.flatMap((observation) => dnsAnswer(observation)?.addresses ?? []))],
      inTask: answer?.addresses ?? [],
      taskSaid: answer?.rcode ?? own.outcome,
    }
  })
}

interface HostsFileLook {
  readonly task: string
  readonly name: string
  readonly inFileOfTask: boolean
  readonly resolver: readonly string[]
}

/** At most these many names a node are asked for. */
const mostNames = 4

/** Names that only `/etc/hosts` of a task’s host gives an address, and whether the task knows them. */
async function hostsFileNames(context: TestContext, places: readonly Place[]): Promise<HostsFileLook[]> {
  const read = await Promise.all(
    places.map(async ({ node, task }) => ({ task, files: await readHostsFiles(node, task) })),
  )
  const planned = read.flatMap(({ task, files }) =>
    namesOfHost(files.host)
      .filter((name) => !context.stack.tasks.some(({ service }) => service === name))
      .slice(0, mostNames)
      .map((name) => ({ task, name, inFileOfTask: files.task.has(name) })),
  )
  const observations = await context.probe.send(
    planned.map(({ task, name }) => dnsQuery(inTask(task), name)),
    { concurrency: 32 },
  )
  return planned.map(({ task, name, inFileOfTask }, index) => ({
    task: taskLabel(task),
    name,
    inFileOfTask,
    resolver: dnsAnswer(observations[index] as Observation)?.addresses ?? [],
  }))
}

function hostsFileTold(looks: readonly HostsFileLook[]): string {
  if (looks.length === 0) return 'no host’s /etc/hosts names anything but itself'
  const inherited = looks.filter(({ inFileOfTask }) => inFileOfTask).length
  return `of ${looks.length} names of the hosts’ /etc/hosts ${inherited === 0 ? 'none is' : `${inherited} are`} in that file of the tasks`
}
