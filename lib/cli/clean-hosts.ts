import { ExitCode, InputError, messageOf, SwarmproofError } from '../error.ts'
import { discoverNodes } from '../host/ssh/discover-nodes.ts'
import type { Inventory } from '../host/ssh/inventory.ts'
import type { KnownHost } from '../host/ssh/known-host.ts'
import { reachHosts, type ReachOptions } from '../host/ssh/reach-hosts.ts'
import { type Progress, step } from '../progress.ts'
import { sshClient } from '../remote/open-ssh/connect.ts'
import { type Found, findLeft, isRunId, type LeftHost } from '../swarm/find-left.ts'
import { type Leftover, withoutRepeats } from '../swarm/leftovers.ts'
import { removeLeft, stillThere } from '../swarm/remove-left.ts'
import { clientOptions, givenHosts, type HostFlags, hostWords } from './given-hosts.ts'
import { onInterruption } from './interruption.ts'
import { LiveProgress } from './live-progress.ts'
import { stdout } from './output.ts'
import { commandLine } from './shell-line.ts'

export interface CleanHostsFlags extends HostFlags {
  readonly run?: string
  readonly dryRun: boolean
  readonly force: boolean
  readonly json: boolean
}

/** What `clean HOSTS` found and did. */
export interface CleanedHosts {
  readonly hosts: readonly string[]
  /** Everything of a run that was there, before anything was removed. */
  readonly found: readonly Found[]
  /** Ids of runs that live: what is theirs is left. */
  readonly living: readonly string[]
  readonly removed: readonly Found[]
  /** What could not be removed, or not be looked for. */
  readonly left: readonly Leftover[]
  readonly dryRun: boolean
}

/** `clean` on existing hosts: what runs left there that died. */
export async function cleanHosts(words: readonly string[], flags: CleanHostsFlags): Promise<void> {
  if (flags.run !== undefined && !isRunId(flags.run)) {
    throw new InputError({
      code: 'RUN_ID',
      what: `'${flags.run}' is not the id of a run`,
      hint: 'ids look like 20250131T120000Z-1a2b; swarmproof clean HOSTS --dry-run names those that left something',
    })
  }
  const inventory = givenHosts(words, flags)
  const progress = new LiveProgress()
  const interruption = onInterruption((text) => progress.note(text))
  const { signal } = interruption
  const client = sshClient(clientOptions(flags, signal))
  let cleaned: CleanedHosts
  try {
    const connect = client.connect.bind(client)
    const again = commandLine(['swarmproof', 'clean', ...hostWords(words, flags)])
    cleaned = await clean(inventory, flags, { connect, progress, signal }, again)
  } catch (error) {
    throw signal.aborted ? signal.reason : error
  } finally {
    await client[Symbol.asyncDispose]()
    progress.close()
    interruption.release()
  }
  if (flags.json) stdout.writeJson(cleaned)
  else stdout.write(cleanedText(cleaned))
  process.exitCode = cleaned.left.length > 0 ? ExitCode.harness : ExitCode.conformant
}

async function clean(
  inventory: Inventory,
  flags: CleanHostsFlags,
  options: ReachOptions,
  again: string,
): Promise<CleanedHosts> {
  const { progress } = options
  const left: Leftover[] = []
  const unknown = (host: string, error: unknown): void =>
    void left.push({ host, what: `whatever is there: ${reasonOf(error)}`, remove: again })
  const reached = await reachHosts(inventory.hosts, options)
  for (const one of reached) if (!one.ok) unknown(one.inventory.name, one.error)
  const given = reached.flatMap((one) => (one.ok ? [one.host] : []))
  const hosts = (await completed(given, options, unknown)).map(({ inventory: { name }, remote }) => ({
    name,
    remote,
  }))
  const looked = await onEach(hosts, progress, 'Looking for what runs left', unknown, (host) =>
    findLeft(host),
  )
  const living = new Set(looked.flatMap((one) => [...one.living]))
  const found = looked
    .flatMap((one) => [...one.found])
    .filter(({ run }) => flags.run === undefined || run === flags.run)
  const runs = new Set(found.map(({ run }) => run).filter((run) => flags.force || !living.has(run)))
  const result = { hosts: hosts.map(({ name }) => name), found, living: [...living], dryRun: flags.dryRun }
  if (flags.dryRun || runs.size === 0) return { ...result, removed: [], left }
  const removing = { runs, found, again }
  left.push(
    ...(
      await onEach(hosts, progress, 'Removing what runs left', unknown, (host) => removeLeft(host, removing))
    ).flat(),
  )
  const there = (
    await onEach(hosts, progress, 'Looking again', unknown, (host) => stillThere(host, removing))
  ).flat()
  const same = (one: Found) => (other: Found) =>
    one.host === other.host && one.kind === other.kind && one.id === other.id
  for (const one of there)
    if (!left.some(({ host, what }) => host === one.host && what.includes(one.name)))
      left.push({ host: one.host, what: `${one.kind} ${one.name}`, remove: again })
  const removed = found.filter((one) => runs.has(one.run) && !there.some(same(one)))
  return { ...result, removed, left: withoutRepeats(left) }
}

/** With a manager among them, the nodes of its swarm that nobody named as well: what is left is on all of them. */
async function completed(
  given: readonly KnownHost[],
  options: ReachOptions,
  unknown: (host: string, error: unknown) => void,
): Promise<readonly KnownHost[]> {
  if (!given.some(({ facts }) => facts.swarm.isManager)) return given
  try {
    const { hosts, warnings } = await discoverNodes(given, options)
    for (const warning of warnings) options.progress.note(warning.replace('not verified', 'not looked at'))
    return hosts
  } catch (error) {
    if (!(error instanceof SwarmproofError) || options.signal.aborted) throw error
    const manager = given.find(({ facts }) => facts.swarm.isManager)
    // Nodes that are known to be there and were not looked at count; that the hosts are not one swarm does not.
    if (['NODES_UNREACHABLE', 'NODE_MISTAKEN'].includes(error.code))
      unknown(`other nodes of the swarm of ${manager?.inventory.name ?? 'these hosts'}`, error)
    else options.progress.note(`Other nodes of the swarm are not looked at: ${reasonOf(error)}`)
    return given
  }
}

/** Side by side; what goes wrong on one host is told, and the others go on. */
async function onEach<T>(
  hosts: readonly LeftHost[],
  progress: Progress,
  what: string,
  failed: (host: string, error: unknown) => void,
  work: (host: LeftHost) => Promise<T>,
): Promise<T[]> {
  const results = await Promise.all(
    hosts.map(async (host) => {
      try {
        return [await step(progress, what, host.name, () => work(host))]
      } catch (error) {
        failed(host.name, error)
        return []
      }
    }),
  )
  return results.flat()
}

function reasonOf(error: unknown): string {
  return messageOf(error)
    .replaceAll(/\s*\n\s*(?:- )?/g, '; ')
    .replaceAll(/; do next: +/g, '; hint: ')
}

export function cleanedText({ found, living, removed, left, dryRun }: CleanedHosts): string {
  const cannot = dryRun ? 'COULD NOT LOOK FOR' : 'COULD NOT REMOVE'
  const line = (verb: string, { host, kind, name, run }: Found): string =>
    `${host}: ${verb} ${kind} ${name} of run ${run}`
  const isAlive = ({ run }: Found): boolean => living.includes(run)
  const lines = dryRun
    ? found.map((one) =>
        line(isAlive(one) ? 'would leave, because its run is still alive:' : 'would remove', one),
      )
    : [
        ...removed.map((one) => line('removed', one)),
        ...found
          .filter((one) => isAlive(one) && !removed.includes(one))
          .map((one) => line('left, because its run is still alive (--force removes it too):', one)),
      ]
  lines.push(...left.map(({ host, what, remove }) => `${host}: ${cannot} ${what}\n  do next:  ${remove}`))
  if (lines.length === 0) lines.push('nothing is left of any run')
  return `${lines.join('\n')}\n`
}
