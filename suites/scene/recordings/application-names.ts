import { isIP } from 'node:net'
import type { ObserveContext } from '../../../lib/conformance/context.ts'
import { observePart } from '../../../lib/conformance/missing.ts'
import { scene } from '../../../lib/conformance/scene.ts'
import { type Planned, sendPlan } from '../../../lib/conformance/send-plan.ts'
import { SwarmproofError } from '../../../lib/error.ts'
import { MissingTool } from '../../../lib/missing-tool.ts'
import type {
  ApplicationFound,
  ApplicationNames,
  ApplicationPlace,
  NameAsked,
  ResolverFile,
} from '../../../lib/observation/application-names.ts'
import { dnsQuery } from '../../../lib/probe/dns.ts'
import { type Section, execSections } from '../../../lib/remote/sections.ts'
import { scriptFile } from '../../../lib/script-file.ts'
import type { Task } from '../../../lib/swarm/cluster.ts'
import { tasksOn } from '../../../lib/swarm/stack.ts'
import { inTask, onNode, taskLabel } from '../sending/pair.ts'
import { homesOf, tasksAt } from '../sending/counted.ts'

/** Reserved for documentation (RFC 6761), and known to public DNS. */
export const outsideName = 'example.com'
/** Seconds that getaddrinfo is given for one name. */
const limitSeconds = 12
/** Seconds after which it is asked once more. Whole ones are counted, so that it is two at least. */
const patienceSeconds = 3

/** On each node one task of the clear network: names as its programs find them, and as its resolver answers. */
export const applicationNames = scene(
  'application-names',
  async (lab): Promise<ApplicationNames> => {
    const { cluster, stack } = lab
    const { web, rr } = stack.services
    const names = [web.name, `tasks.${web.name}`, rr.name, outsideName]
    const tasks = cluster.nodes.flatMap((node) => {
      const here = tasksOn(stack, 'clear').filter((task) => task.node === node)
      return here.find(({ service }) => service === rr.name) ?? here[0] ?? []
    })
    const places = await Promise.all(
      tasks.map(
        async (task) =>
          [task.node.host.name, await observePart(() => askAsApplication(task, names))] as const,
      ),
    )
    const read = new Map(places.flatMap(([name, part]) => ('got' in part ? [[name, part.got] as const] : [])))
    return {
      places: Object.fromEntries(places),
      asked: await askRaw(lab, tasks, names, read),
    }
  },
  { probes: (lab) => homesOf(tasksAt(lab, 'clear')) * (2 * namesEach + usualNameservers) },
)

/** What each task is asked for, by both types of address. */
const namesEach = 4
const usualNameservers = 1

async function askRaw(
  { probe }: ObserveContext,
  tasks: readonly Task[],
  names: readonly string[],
  places: ReadonlyMap<string, ApplicationPlace>,
): Promise<NameAsked[]> {
  const plan = tasks.flatMap((task): Planned<Omit<NameAsked, 'probe'>>[] => {
    const node = task.node.host.name
    const own = names.flatMap((name) =>
      (['A', 'AAAA'] as const).map((type) => ({
        ...{ node, name, type, by: 'task' as const },
        request: dnsQuery(inTask(task), name, type),
      })),
    )
    const servers = (places.get(node)?.ofHost.nameservers ?? []).filter((server) => isIP(server) === 4)
    const host = servers.slice(0, 3).map((server) => ({
      ...{ node, name: outsideName, type: 'A' as const, by: 'host' as const },
      request: dnsQuery(onNode(task.node), outsideName, 'A', server),
    }))
    return [...own, ...host]
  })
  return sendPlan(probe, plan, { concurrency: 32 })
}

async function askAsApplication(task: Task, names: readonly string[]): Promise<ApplicationPlace> {
  const { host } = task.node
  const settings = { pid: task.pid, limit: limitSeconds, patience: patienceSeconds }
  const { sections } = await execSections(
    host.remote,
    scriptFile(import.meta.url, 'ask-as-application.sh', settings, names),
    { timeoutMs: 1000 * (2 * limitSeconds * names.length + 20), idempotent: true },
  )
  const lacking = sections.all.find(({ name }) => name === 'lacks')?.argument
  if (lacking !== undefined)
    throw new MissingTool({ tool: lacking, package: packageOf(lacking), hosts: [host.name] })
  const found = sections.all.filter(({ name }) => name === 'name').map(foundIn)
  const failed = found.find(({ exitCode }) => ![0, 2, 124].includes(exitCode))
  if (!sections.complete || failed !== undefined)
    throw new SwarmproofError({
      code: 'NAMES_NOT_ASKED',
      what: `names could not be asked as a program of ${taskLabel(task)} does`,
      host: host.name,
      observed: failed === undefined ? 'the script did not end' : `exit code ${failed.exitCode}`,
    })
  return {
    task: taskLabel(task),
    ofTask: resolverFile(sections.lines('task')),
    ofHost: resolverFile(sections.lines('host')),
    ofResolved: resolverFile(sections.lines('resolved')),
    found,
  }
}

const packageOf = (tool: string): string =>
  ({ getent: 'libc-bin', timeout: 'coreutils' })[tool] ?? 'util-linux'

/** `name NAME CODE FROM UNTIL`, and an address a line. */
export function foundIn({ argument, lines }: Section): ApplicationFound {
  const [name = '', code, from, until] = argument.split(' ')
  return {
    ...{ name, exitCode: Number(code) },
    addresses: lines.map((line) => line.trim()).filter((line) => isIP(line) !== 0),
    seconds: Math.round(100 * (Number(until) - Number(from))) / 100,
  }
}

const printable = (word: string): string => word.replaceAll(/[^!-~]/g, '?').slice(0, 100)

/** resolv.conf(5): the last `search` or `domain` counts, options add up. */
export function resolverFile(lines: readonly string[]): ResolverFile {
  const words = lines.map((line) => line.trim().split(/\s+/).map(printable))
  const of = (key: string): string[][] => words.filter(([first]) => first === key).map(([, ...rest]) => rest)
  return {
    nameservers: of('nameserver').flatMap(([server]) => (server === undefined ? [] : [server])),
    search:
      words
        .filter(([first]) => first === 'search' || first === 'domain')
        .at(-1)
        ?.slice(1, 9) ?? [],
    options: of('options').flat().slice(0, 16),
  }
}
