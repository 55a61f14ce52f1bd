import type { ObserveContext } from '../../lib/conformance/context.ts'
import { observePart } from '../../lib/conformance/missing.ts'
import { type Sent, sendPlan } from '../../lib/conformance/send-plan.ts'
import { missingTool } from '../../lib/missing-tool.ts'
import type { Part } from '../../lib/observation/part.ts'
import { dnsQuery } from '../../lib/probe/dns.ts'
import { execSections } from '../../lib/remote/sections.ts'
import { scriptLines, sh } from '../../lib/script.ts'
import type { ClusterNode, Task } from '../../lib/swarm/cluster.ts'
import { type Stack, tasksOn } from '../../lib/swarm/stack.ts'
import { inTask } from '../scene/sending/pair.ts'
import { hostsFile } from './hosts-file.ts'

/** A resolver that first asks servers it cannot reach may take longer for names it does not know. */
const hostTimeoutSeconds = 12

/**
 * A name that a task asked for. `member`: it is on the network; `stranger`: it is on others alone; `own`: the same, for
 * its own service.
 */
export type TaskNameAsked = Sent<{ readonly kind: 'member' | 'stranger' | 'own'; readonly name: string }>

/** A name that a host's own resolver was asked for. */
export interface HostAsked {
  readonly name: string
  readonly addresses: readonly string[]
  /** Of getent; undefined where it printed nothing for the name. */
  readonly exitCode?: number
  /** Addresses that /etc/hosts of the host gives the name. Not there in runs of before it was read. */
  readonly inHostsFile?: readonly string[]
}

export interface NamesElsewhere {
  readonly names: readonly string[]
  readonly asked: readonly TaskNameAsked[]
  /** By node; each was asked for `localhost`, too. */
  readonly hosts: Readonly<Record<string, Part<readonly HostAsked[]>>>
}

/** Asks for the names of the clear network's services: on it, on other overlays, and on every host. */
export async function observeNames(lab: ObserveContext): Promise<NamesElsewhere> {
  const { cluster, stack, probe } = lab
  const { web, rr } = stack.services
  const names = [web.name, `tasks.${web.name}`, rr.name]
  const [member] = tasksOn(stack, 'clear')
  const strangers = tasksElsewhere(stack)
  const plan = (kind: TaskNameAsked['kind'], from: Task, name: string) => ({
    ...{ kind, name },
    request: dnsQuery(inTask(from), name),
  })
  const [asked, hosts] = await Promise.all([
    sendPlan(
      probe,
      [
        ...(member === undefined ? [] : names.map((name) => plan('member', member, name))),
        ...strangers.map((from) => plan('own', from, from.service)),
        ...strangers.flatMap((from) => names.map((name) => plan('stranger', from, name))),
      ],
      { concurrency: 32 },
    ),
    Promise.all(
      cluster.nodes.map(
        async (node) =>
          [node.host.name, await observePart(() => askHost(node, ['localhost', ...names]))] as const,
      ),
    ),
  ])
  return { names, asked, hosts: Object.fromEntries(hosts) }
}

/** Tasks that are on other overlays of the stack, and not on the clear network. */
function tasksElsewhere({ tasks, networks: { clear, secret, auto } }: Stack): Task[] {
  return tasks.filter(
    ({ endpoints }) =>
      endpoints[clear.name] === undefined && (endpoints[secret.name] ?? endpoints[auto.name]) !== undefined,
  )
}

/** Side by side, because each may wait for servers that do not answer. */
export async function askHost({ host }: ClusterNode, names: readonly string[]): Promise<HostAsked[]> {
  const each = names.map(
    (name) =>
      sh`{ out=$(timeout ${hostTimeoutSeconds} getent ahostsv4 ${name}); echo ${name} $? "$(echo "$out" | awk '{print $1}' | sort -u | tr '\n' ' ')"; } &`,
  )
  const script = scriptLines([
    sh`echo "$mark names"`,
    ...each,
    sh`wait`,
    sh`echo "$mark file"`,
    sh`cat /etc/hosts 2>/dev/null`,
  ])
  const { sections } = await execSections(host.remote, script, { timeoutMs: 60_000, idempotent: true })
  const lines = sections.lines('names').map((line) => line.trim().split(/\s+/))
  if (lines.some(([first, code]) => first === 'localhost' && code === '127'))
    throw missingTool('getent', host.name)
  const file = hostsFile(sections.lines('file').join('\n'))
  return names.map((name) => {
    const [, code, ...addresses] = lines.find(([first]) => first === name) ?? []
    return {
      ...{ name, addresses, inHostsFile: file.get(name) ?? [] },
      ...(code === undefined ? {} : { exitCode: Number(code) }),
    }
  })
}
