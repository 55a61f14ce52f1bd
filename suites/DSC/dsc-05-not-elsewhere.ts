import type { TestContext } from '../../lib/conformance/context.ts'
import { requireNone } from '../../lib/conformance/require-none.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import { missingTool } from '../../lib/missing-tool.ts'
import { dnsAnswer, dnsQuery } from '../../lib/probe/dns.ts'
import type { Observation } from '../../lib/probe/probe.ts'
import type { ClusterNode, Task } from '../../lib/swarm/cluster.ts'
import { tasksOn } from '../../lib/swarm/stack.ts'
import { inTask, taskLabel } from '../scene/pair.ts'
import { overlayTutorial } from '../source.ts'
import { contains } from '../../lib/topology/cidr.ts'
import { scriptLines, sh } from '../../lib/script.ts'

/** A resolver that first asks servers it cannot reach may take longer for names it does not know. */
const hostTimeoutSeconds = 12

interface Look {
  readonly who: string
  readonly name: string
  readonly addresses: readonly string[]
  readonly said: string
}

export const notElsewhere = conformanceTest({
  id: 'DSC-05',
  requirement: 'Names do not resolve from another network, nor on the host.',
  source: [overlayTutorial('Further Remarks')],
  safety: 'production',
  needs: [],
  method:
    'Names of the clear network’s services are asked for by every task that is on other overlays only, and on every node by the host’s own resolver (getent). No answer may hold an address of that network. Controls: a task on the network gets such addresses for every name, the tasks that must not get them resolve their own service at the same time, and the host’s resolver knows localhost.',
  usualCauses: [
    'a service was attached to both networks, so its name is known on both',
    'somebody wrote the name into /etc/hosts or a DNS zone of the host',
    'a container on the host’s network runs a resolver that hands the swarm’s names on',
  ],
  remedy: [
    'docker service inspect --format "{{json .Spec.TaskTemplate.Networks}}" SERVICE',
    'getent ahostsv4 NAME and grep NAME /etc/hosts on the host named',
  ],
  async run(context) {
    const { stack, evidence } = context
    const { clear } = stack.networks
    const { web, rr } = stack.services
    const names = [web.name, `tasks.${web.name}`, rr.name]
    const strangers = stack.tasks.filter(
      (task) =>
        task.endpoints[clear.name] === undefined &&
        (task.endpoints[stack.networks.secret.name] ?? task.endpoints[stack.networks.auto.name]) !==
          undefined,
    )
    const [member] = tasksOn(stack, 'clear')
    if (member === undefined || strangers.length === 0) {
      throw new Error('no task runs on the clear network, or none on another one alone')
    }
    const [tasks, hosts] = await Promise.all([
      askTasks(context, member, strangers, names),
      askHosts(context, names),
    ])
    evidence.observe('answers on the network itself', tasks.member)
    evidence.observe('answers on other networks', tasks.strangers)
    evidence.observe('answers on hosts', hosts.looks)
    const isOfNetwork = (address: string) => contains(clear.subnet, address)
    requireNone(
      `names of ${clear.name} resolve on that network only`,
      [...tasks.strangers, ...hosts.looks].flatMap(({ who, name, addresses }) => {
        const known = addresses.filter(isOfNetwork)
        return known.length === 0 ? [] : [`${who} resolves ${name} to ${known.join(', ')} of ${clear.name}`]
      }),
    )
    const unknown = tasks.member.filter(({ addresses }) => !addresses.some(isOfNetwork))
    if (unknown.length > 0) {
      throw new Error(
        `${taskLabel(member)} does not resolve ${unknown.map(({ name }) => name).join(', ')} either, so "not elsewhere" proves nothing; see DSC-01`,
      )
    }
    if (tasks.silent.length > 0)
      throw new Error(`${tasks.silent.join(', ')} did not resolve even their own service`)
    if (hosts.silent.length > 0)
      throw new Error(`the resolver of ${hosts.silent.join(', ')} does not even know localhost`)
    evidence.conclude(
      `${names.length} names that resolve on ${clear.name} got no address of it from ${strangers.length} tasks of other networks nor from ${context.cluster.nodes.length} hosts`,
    )
  },
})

async function askTasks(
  { probe }: TestContext,
  member: Task,
  strangers: readonly Task[],
  names: readonly string[],
) {
  const planned = [
    ...names.map((name) => ({ kind: 'member', from: member, name })),
    ...strangers.map((from) => ({ kind: 'own', from, name: from.service })),
    ...strangers.flatMap((from) => names.map((name) => ({ kind: 'stranger', from, name }))),
  ]
  const observations = await probe.send(
    planned.map(({ from, name }) => dnsQuery(inTask(from), name)),
    { concurrency: 32 },
  )
  const looks = planned.map(({ kind, from, name }, index) => {
    const observation = observations[index] as Observation
    const answer = dnsAnswer(observation)
    return {
      kind,
      who: taskLabel(from),
      name,
      addresses: answer?.addresses ?? [],
      said: answer?.rcode ?? observation.outcome,
    }
  })
  const of = (wanted: string): Look[] =>
    looks
      .filter(({ kind }) => kind === wanted)
      .map(({ who, name, addresses, said }) => ({ who, name, addresses, said }))
  return {
    member: of('member'),
    strangers: of('stranger'),
    silent: of('own')
      .filter(({ addresses }) => addresses.length === 0)
      .map(({ who }) => who),
  }
}

async function askHosts({ cluster }: TestContext, names: readonly string[]) {
  const asked = await Promise.all(cluster.nodes.map((node) => askHost(node, ['localhost', ...names])))
  const looks = asked.flat()
  return {
    looks: looks.filter(({ name }) => name !== 'localhost'),
    silent: looks
      .filter(({ name, addresses }) => name === 'localhost' && addresses.length === 0)
      .map(({ who }) => who),
  }
}

/** Side by side, because each may wait for servers that do not answer. */
async function askHost({ host }: ClusterNode, names: readonly string[]): Promise<Look[]> {
  const each = names.map(
    (name) =>
      sh`{ out=$(timeout ${hostTimeoutSeconds} getent ahostsv4 ${name}); echo ${name} $? "$(echo "$out" | awk '{print $1}' | sort -u | tr '\n' ' ')"; } &`,
  )
  const { stdout } = await host.remote.exec(scriptLines([...each, sh`wait`]), {
    timeoutMs: 60_000,
    idempotent: true,
  })
  const lines = stdout.split('\n').map((line) => line.trim().split(/\s+/))
  if (lines.some(([first, code]) => first === 'localhost' && code === '127'))
    throw missingTool('getent', host.name)
  return names.map((name) => {
    const [, code, ...addresses] = lines.find(([first]) => first === name) ?? []
    return { who: `host ${host.name}`, name, addresses, said: `getent exit ${code ?? 'unknown'}` }
  })
}
