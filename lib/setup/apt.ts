import { setTimeout as sleep } from 'node:timers/promises'
import { SwarmproofError } from '../error.ts'
import { runLocal, tryLocal } from './local-command.ts'
import type { LocalResult } from './local-command.ts'

interface AptContext {
  readonly signal: AbortSignal
  readonly update: (detail: string) => void
}

/** Another apt or dpkg (a fresh cloud machine upgrades itself) is waited for that long. */
const lockLimitSeconds = 300

const environment = ['DEBIAN_FRONTEND=noninteractive', 'NEEDRESTART_SUSPEND=1']

/**
 * Installs packages without recommendations. Package lists are fetched only if the archive of this machine is not
 * known yet or what they name cannot be had any more.
 */
export async function aptInstall(
  packages: readonly string[],
  prefix: readonly string[],
  context: AptContext,
): Promise<void> {
  let updated = false
  if ((await archiveUris(context.signal)).length === 0) {
    await aptUpdate(prefix, context)
    updated = true
  }
  let result = await install(packages, prefix, context)
  if (result.exitCode !== 0 && !updated) {
    await aptUpdate(prefix, context)
    result = await install(packages, prefix, context)
  }
  if (result.exitCode !== 0) throw failed('apt-get install', packages, result)
}

export async function aptUpdate(prefix: readonly string[], context: AptContext): Promise<void> {
  context.update('apt-get update')
  const result = await apt(['update'], prefix, context)
  if (result.exitCode !== 0) throw failed('apt-get update', [], result)
}

function install(
  packages: readonly string[],
  prefix: readonly string[],
  context: AptContext,
): Promise<LocalResult> {
  return apt(['install', '-y', '--no-install-recommends', ...packages], prefix, context)
}

/** Runs apt-get as root, waiting a bounded time for whoever holds the locks. */
async function apt(
  args: readonly string[],
  prefix: readonly string[],
  context: AptContext,
): Promise<LocalResult> {
  const command = [
    ...prefix,
    'env',
    ...environment,
    'apt-get',
    '-o',
    `DPkg::Lock::Timeout=${lockLimitSeconds}`,
    ...args,
  ]
  const until = Date.now() + lockLimitSeconds * 1000
  for (;;) {
    const result = await tryLocal(command[0] ?? '', command.slice(1), {
      timeoutMs: 1_200_000,
      signal: context.signal,
      onLine: (line) => context.update(line.slice(0, 100)),
    })
    // The time-out of apt covers dpkg's lock; the lists' lock it refuses at once.
    if (result.exitCode === 0 || !isLocked(result.output) || Date.now() > until) return result
    context.update(`waiting up to ${lockLimitSeconds} s for another apt or dpkg to finish`)
    await sleep(3000, undefined, { signal: context.signal })
  }
}

export function isLocked(output: string): boolean {
  return /Could not get lock|Unable to (?:acquire|lock)|is another process using it/.test(output)
}

/**
 * Addresses of the archives this machine's apt uses for a suite; with no suite, of all. Empty if apt has no lists yet.
 * No address of any archive is written into swarmproof: mirrors and proxies stay the machine's own business.
 */
export async function archiveUris(signal: AbortSignal, suite?: string): Promise<readonly string[]> {
  const filter = suite === undefined ? [] : [`Codename: ${suite}`]
  const { stdout } = await tryLocal(
    'apt-get',
    ['indextargets', '--format', '$(REPO_URI)', 'Created-By: Packages', ...filter],
    { signal },
  )
  return [...new Set(stdout.split('\n').filter((line) => line !== ''))]
}

/** The first archive of a suite; fetches the package lists if apt does not know any yet and it may. */
export async function archiveUri(
  suite: string,
  prefix: readonly string[] | undefined,
  context: AptContext,
): Promise<string> {
  let uris = await archiveUris(context.signal, suite)
  if (uris.length === 0 && prefix !== undefined) {
    await aptUpdate(prefix, context)
    uris = await archiveUris(context.signal, suite)
  }
  const uri = uris[0]
  if (uri !== undefined) return uri
  throw new SwarmproofError({
    code: 'ARCHIVE_UNKNOWN',
    what: `apt on this machine knows no archive of '${suite}'`,
    expected: `one entry for ${suite} in apt's sources, with its lists fetched`,
    observed: 'none among `apt-get indextargets`',
    hint: 'type: sudo apt-get update; then look at /etc/apt/sources.list and /etc/apt/sources.list.d',
  })
}

/** Proxy settings of this machine's apt as `-o`-style options, for tools that do not read its configuration. */
export async function proxyOptions(signal: AbortSignal): Promise<readonly string[]> {
  const { stdout } = await tryLocal('apt-config', ['dump', 'Acquire'], { signal })
  return proxyLines(stdout)
}

export function proxyLines(dump: string): readonly string[] {
  return dump
    .split('\n')
    .filter((line) => /^Acquire::[A-Za-z0-9:._/-]*Proxy[A-Za-z0-9:._/-]* "[^"]+";$/i.test(line))
    .map((line) => line.replace(/;$/, ''))
}

function failed(command: string, packages: readonly string[], result: LocalResult): SwarmproofError {
  const log = result.output.trimEnd().split('\n').slice(-30)
  const errors = log.filter((line) => line.startsWith('E:'))
  return new SwarmproofError({
    code: isLocked(result.output) ? 'APT_LOCKED' : 'APT_FAILED',
    what: `${[command, ...packages].join(' ')} failed`,
    expected: 'exit code 0',
    observed: `exit code ${result.exitCode}: ${(errors.length > 0 ? errors : log.slice(-2)).join(' | ')}`,
    hint: isLocked(result.output)
      ? 'wait until the other apt or dpkg is done (ps -C apt,apt-get,dpkg), then start again'
      : 'fix what apt complains about, then start again: what is installed already is not installed twice',
    log,
    logSource: command,
  })
}

/** Downloads packages and what they depend on beyond what is installed, with an apt configuration of its own. */
export async function aptDownload(
  packages: readonly string[],
  options: {
    readonly directory: string
    readonly release: string
    readonly context: AptContext
  },
): Promise<void> {
  const own = [
    `Dir::Etc::sourcelist=${options.directory}/sources.list`,
    'Dir::Etc::sourceparts=/dev/null',
    `Dir::State::lists=${options.directory}/lists`,
    `Dir::Cache=${options.directory}/cache`,
    'Debug::NoLocking=1',
  ].flatMap((option) => ['-o', option])
  const run = (args: readonly string[]): Promise<unknown> =>
    runLocal('apt-get', [...own, ...args], {
      what: `apt-get ${args[0]}`,
      timeoutMs: 600_000,
      signal: options.context.signal,
      onLine: (line) => options.context.update(line.slice(0, 100)),
      hint: 'look whether this machine reaches its package archive (apt-get update)',
    })
  await run(['update'])
  await run([
    'install',
    '-y',
    '--no-install-recommends',
    '-t',
    options.release,
    '--download-only',
    ...packages,
  ])
}
