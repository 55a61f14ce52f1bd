import type { ObserveContext } from '../../lib/conformance/context.ts'
import { observePart } from '../../lib/conformance/missing.ts'
import { type Sent, sendPlan } from '../../lib/conformance/send-plan.ts'
import type { Part } from '../../lib/observation/part.ts'
import { dnsQuery } from '../../lib/probe/dns.ts'
import { inTask, taskLabel } from '../scene/sending/pair.ts'
import { askBoth, type NameAsked } from './compared-names.ts'
import { type ForwardedSeen, observeForwarded } from './forwarded-questions.ts'
import { readHostResolver } from './host-resolver.ts'
import { namesOfHost, readHostsFiles } from './hosts-file.ts'
import type { Place, PlaceSeen } from './place.ts'

/** A name that only the hosts file of a node gives an address, asked for in its task. */
export type HostsFileName = Sent<{ readonly name: string; readonly inFileOfTask: boolean }>

export interface InheritedResolver {
  /** By node; only those with a task. */
  readonly places: Readonly<Record<string, Part<PlaceSeen>>>
  readonly forwarded: ForwardedSeen
  readonly names: readonly NameAsked[]
  readonly hostsFile: readonly HostsFileName[]
}

export async function observeInherited(lab: ObserveContext): Promise<InheritedResolver> {
  const { cluster, stack } = lab
  const read = await Promise.all(
    cluster.nodes.flatMap((node) => {
      const task = stack.tasks.find((candidate) => candidate.node === node)
      return task === undefined
        ? []
        : [observePart(() => readHostResolver(node)).then((resolver) => ({ node, task, resolver }))]
    }),
  )
  const places = read.flatMap(({ node, task, resolver }) =>
    'got' in resolver ? [{ node, task, resolver: resolver.got }] : [],
  )
  const asked = places.filter(({ resolver }) => resolver.nameservers.length > 0)
  return {
    places: Object.fromEntries(
      read.map(({ node, task, resolver }) => [
        node.host.name,
        'got' in resolver ? { got: { task: taskLabel(task), resolver: resolver.got } } : resolver,
      ]),
    ),
    forwarded: await observeForwarded(lab, asked),
    names: await askBoth(lab, asked),
    hostsFile: await askHostsFileNames(lab, places),
  }
}

/** At most these many names a node are asked for. */
const mostNames = 4

async function askHostsFileNames(
  { stack, probe }: ObserveContext,
  places: readonly Place[],
): Promise<HostsFileName[]> {
  const read = await Promise.all(
    places.map(async ({ node, task }) => ({
      task,
      files: await observePart(() => readHostsFiles(node, task)),
    })),
  )
  const plan = read.flatMap(({ task, files }) =>
    'got' in files
      ? namesOfHost(files.got.host)
          .filter((name) => !stack.tasks.some(({ service }) => service === name))
          .slice(0, mostNames)
          .map((name) => ({
            ...{ name, inFileOfTask: files.got.task.has(name) },
            request: dnsQuery(inTask(task), name),
          }))
      : [],
  )
  return sendPlan(probe, plan, { concurrency: 32 })
}
