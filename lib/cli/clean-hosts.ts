import { InputError, messageOf, SwarmproofError } from '../error.ts'
import { reachNodes } from '../discovery/discover-nodes.ts'
import type { Inventory } from '../discovery/inventory.ts'
import type { KnownHost } from '../discovery/known-host.ts'
import { reachHosts, type ReachOptions } from '../discovery/reach-hosts.ts'
import { type Progress, step } from '../progress.ts'
import { sshClient } from '../remote/open-ssh/connect.ts'
import { type Found, findLeft, isRunId, type LeftHost } from '../swarm/find-left.ts'
import { type Leftover, withoutRepeats } from '../swarm/leftovers.ts'
import { removeLeft, type RemoveOptions, stillThere } from '../swarm/remove-left.ts'
import { cleanedText, type CleanedHosts, exitCodeOfCleaning } from './cleaned-hosts.ts'
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
    const which = [
      ...(flags.run === undefined ? [] : ['--run', flags.run]),
      ...(flags.force ? ['--force'] : []),
    ]
    const again = commandLine(['swarmproof', 'clean', ...which, ...hostWords(words, flags)])
    cleaned = await cleanInventory(inventory, flags, { connect, progress, signal }, again)
  } catch (error) {
    throw signal.aborted ? signal.reason : error
  } finally {
    await client[Symbol.asyncDispose]()
    progress.close()
    interruption.release()
  }
  if (flags.json) stdout.writeJson(cleaned)
  else stdout.write(cleanedText(cleaned))
  process.exitCode = exitCodeOfCleaning(cleaned)
}

/**
 * Cleans every host that can be reached; those that cannot are named in what is left.
 * @param again the command that tries again
 */
export async function cleanInventory(
  inventory: Inventory,
  flags: Pick<CleanHostsFlags, 'run' | 'force' | 'dryRun'>,
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
  const { known, managers } = await completed(given, options, unknown)
  const hosts = known.map(({ inventory: { name }, remote }) => ({ name, remote }))
  const looked = await onEach(hosts, progress, 'Looking for what runs left', unknown, async (host) => ({
    host: host.name,
    ...(await findLeft(host)),
  }))
  const found = looked
    .flatMap((one) => one.found)
    .filter(({ run }) => flags.run === undefined || run === flags.run)
  const living = looked.flatMap((one) => [...one.living].map((run) => ({ host: one.host, run })))
  // A manager could do all that it keeps from being done; any other host speaks for itself alone.
  const isKept = (host: string, run: string): boolean =>
    !flags.force && living.some((one) => one.run === run && (one.host === host || managers.has(one.host)))
  const kept = found.filter(({ host, run }) => isKept(host, run))
  const runsOn = (host: string): ReadonlySet<string> =>
    new Set(found.map(({ run }) => run).filter((run) => !isKept(host, run)))
  const result = {
    hosts: hosts.map(({ name }) => name),
    run: flags.run,
    found,
    living,
    kept,
    dryRun: flags.dryRun,
  }
  const toClean = hosts.filter(({ name }) => runsOn(name).size > 0)
  if (flags.dryRun || toClean.length === 0) return { ...result, removed: [], left }
  const removing = (host: LeftHost): RemoveOptions => ({ runs: runsOn(host.name), found, again })
  left.push(
    ...(
      await onEach(toClean, progress, 'Removing what runs left', unknown, (host) =>
        removeLeft(host, removing(host)),
      )
    ).flat(),
  )
  const there = (
    await onEach(toClean, progress, 'Looking again', unknown, (host) => stillThere(host, removing(host)))
  ).flat()
  const same = (one: Found) => (other: Found) =>
    one.host === other.host && one.kind === other.kind && one.id === other.id
  for (const one of there)
    if (!left.some(({ host, what }) => host === one.host && what.includes(one.name)))
      left.push({ host: one.host, what: `${one.kind} ${one.name}`, remove: again })
  const removed = found.filter((one) => !kept.includes(one) && !there.some(same(one)))
  return { ...result, removed, left: withoutRepeats(left) }
}

interface Completed {
  readonly known: readonly KnownHost[]
  /** Names of those that the swarm's own list has as managers. */
  readonly managers: ReadonlySet<string>
}

/** With a manager among them, the nodes of its swarm that nobody named as well: what is left is on all of them. */
async function completed(
  given: readonly KnownHost[],
  options: ReachOptions,
  unknown: (host: string, error: unknown) => void,
): Promise<Completed> {
  const alone = { known: given, managers: new Set<string>() }
  if (!given.some(({ facts }) => facts.swarm.isManager)) return alone
  try {
    const { hosts, warnings, unreached } = await reachNodes(given, options)
    for (const warning of warnings) options.progress.note(warning.replace('not verified', 'not looked at'))
    for (const { host, error } of unreached) unknown(host, error)
    const managers = hosts.filter(({ inventory }) => inventory.role === 'manager')
    return { known: hosts, managers: new Set(managers.map(({ inventory }) => inventory.name)) }
  } catch (error) {
    if (!(error instanceof SwarmproofError) || options.signal.aborted) throw error
    // That the hosts are not one swarm does not count as something that was not looked at.
    options.progress.note(`Other nodes of the swarm are not looked at: ${reasonOf(error)}`)
    return alone
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
