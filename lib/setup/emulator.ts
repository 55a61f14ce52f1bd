import { existsSync } from 'node:fs'
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { SwarmproofError } from '../error.ts'
import { step } from '../progress.ts'
import type { Progress } from '../progress.ts'
import { sudoPrefix } from './sudo-prefix.ts'
import { aptDownload, archiveUri } from './apt.ts'
import { requireDisk } from './capacity.ts'
import { cacheDirectory } from './directories.ts'
import type { Distribution } from './distribution.ts'
import { findExecutable } from './executables.ts'
import { runLocal, tryLocal } from './local-command.ts'
import { withLock } from './lock.ts'
import { needsUnpackedEmulator } from './system-packages.ts'

/** A QEMU that can be started. */
export interface Emulator {
  readonly binary: string
  /** qemu-img of the same build. */
  readonly imageTool: string
  /** e.g. `10.0.11`. */
  readonly version: string
  /** Where its firmware lies, if not where it was built to look. */
  readonly arguments: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  /** `system`: installed; `unpacked`: a newer one in the cache, beside the system's own. */
  readonly origin: 'system' | 'unpacked'
}

/** First release that can resume machines from a file and that is stable under emulation with current kernels. */
const stableVersion = [8, 2] as const
/** First release whose machines resume through a helper process; older ones are refused. */
const oldestVersion = [6, 2] as const

export function unpackedDirectory(): string {
  return join(cacheDirectory(), 'qemu')
}

/** The QEMU labs would use now; undefined if there is none that will do. Starts it once to learn its version. */
export async function findEmulator(distribution: Distribution): Promise<Emulator | undefined> {
  const system = await systemEmulator()
  if (system !== undefined && isAtLeast(system.version, stableVersion)) return system
  const unpacked = await unpackedEmulator(unpackedDirectory())
  if (unpacked !== undefined) return unpacked
  const mayBeOlder = !needsUnpackedEmulator(distribution)
  return mayBeOlder && system !== undefined && isAtLeast(system.version, oldestVersion) ? system : undefined
}

/** As `findEmulator`, but fetches one into the cache where the distribution's own is too old. */
export async function ensureEmulator(
  distribution: Distribution,
  context: { readonly progress: Progress; readonly signal: AbortSignal },
): Promise<Emulator> {
  const found = await findEmulator(distribution)
  if (found !== undefined) return found
  if (!needsUnpackedEmulator(distribution)) throw missing(await systemEmulator())
  const lock = join(cacheDirectory(), 'qemu.lock')
  return withLock(lock, 'unpacking QEMU', context, async () => {
    const other = await unpackedEmulator(unpackedDirectory())
    return other ?? (await unpackEmulator(distribution, context))
  })
}

export function parseVersion(output: string): string | undefined {
  return /QEMU emulator version (\d+\.\d+(?:\.\d+)?)/.exec(output)?.[1]
}

export function isAtLeast(version: string, [major, minor]: readonly [number, number]): boolean {
  const [have = 0, haveMinor = 0] = version.split('.').map(Number)
  return have > major || (have === major && haveMinor >= minor)
}

/** Whether machines can be saved to and resumed from plain files; older ones need a helper process. */
export function canMigrateToFile(version: string): boolean {
  return isAtLeast(version, stableVersion)
}

async function systemEmulator(): Promise<Emulator | undefined> {
  const binary = findExecutable('qemu-system-x86_64')
  const imageTool = findExecutable('qemu-img')
  if (binary === undefined || imageTool === undefined) return undefined
  const version = await versionOf(binary, {})
  return version === undefined
    ? undefined
    : { binary, imageTool, version, arguments: [], environment: {}, origin: 'system' }
}

async function unpackedEmulator(root: string): Promise<Emulator | undefined> {
  const binary = join(root, 'usr/bin/qemu-system-x86_64')
  const imageTool = join(root, 'usr/bin/qemu-img')
  if (!existsSync(binary) || !existsSync(imageTool)) return undefined
  const libraries = ['usr/lib/x86_64-linux-gnu', 'lib/x86_64-linux-gnu'].map((part) => join(root, part))
  const environment = { LD_LIBRARY_PATH: libraries.join(':') }
  const version = await versionOf(binary, environment)
  if (version === undefined) return undefined
  const firmware = ['usr/share/qemu', 'usr/share/seabios', 'usr/lib/ipxe/qemu']
  return {
    binary,
    imageTool,
    version,
    arguments: firmware.flatMap((part) => ['-L', join(root, part)]),
    environment,
    origin: 'unpacked',
  }
}

async function versionOf(
  binary: string,
  environment: Readonly<Record<string, string>>,
): Promise<string | undefined> {
  const { stdout } = await tryLocal(binary, ['--version'], { environment, timeoutMs: 20_000 })
  return parseVersion(stdout)
}

async function unpackEmulator(
  distribution: Distribution,
  context: { readonly progress: Progress; readonly signal: AbortSignal },
): Promise<Emulator> {
  const release = `${distribution.codename}-backports`
  context.progress.note(
    `this system's QEMU is too old to emulate a current kernel: unpacking the one of ${release} into ` +
      `${unpackedDirectory()}; the system's own packages stay as they are`,
  )
  await requireDisk(cacheDirectory(), 700, 'unpack QEMU')
  return step(context.progress, 'Fetching QEMU', undefined, async (current) => {
    const work = `${unpackedDirectory()}.building`
    await rm(work, { recursive: true, force: true })
    try {
      await download(work, distribution.codename, release, {
        signal: context.signal,
        update: (detail) => current.update(detail),
      })
      const archives = join(work, 'cache/archives')
      for (const name of (await readdir(archives)).filter((file) => file.endsWith('.deb'))) {
        current.update(`unpacking ${name}`)
        await runLocal('dpkg', ['-x', join(archives, name), join(work, 'root')], {
          what: `unpacking ${name}`,
          signal: context.signal,
        })
      }
      const unpacked = await unpackedEmulator(join(work, 'root'))
      if (unpacked === undefined || !isAtLeast(unpacked.version, stableVersion)) throw missing(unpacked)
      await rm(unpackedDirectory(), { recursive: true, force: true })
      await rename(join(work, 'root'), unpackedDirectory())
    } finally {
      await rm(work, { recursive: true, force: true })
    }
    const whole = await unpackedEmulator(unpackedDirectory())
    if (whole === undefined) throw missing(undefined)
    return whole
  })
}

async function download(
  work: string,
  codename: string,
  release: string,
  context: { readonly signal: AbortSignal; readonly update: (detail: string) => void },
): Promise<void> {
  const uri = await archiveUri(codename, await sudoPrefix(), context)
  await mkdir(join(work, 'lists/partial'), { recursive: true })
  await mkdir(join(work, 'cache/archives/partial'), { recursive: true })
  const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg'
  const trust = existsSync(keyring) ? `[signed-by=${keyring}] ` : ''
  const sources = [release, codename].map((suite) => `deb ${trust}${uri} ${suite} main\n`).join('')
  await writeFile(join(work, 'sources.list'), sources)
  await aptDownload(['qemu-system-x86', 'qemu-utils'], { directory: work, release, context })
}

function missing(found: Emulator | undefined): SwarmproofError {
  return new SwarmproofError({
    code: 'QEMU_MISSING',
    what: 'no QEMU that can run the lab',
    expected: `qemu-system-x86_64 and qemu-img, ${oldestVersion.join('.')} or later (${stableVersion.join('.')} or later to be stable under emulation)`,
    observed: found === undefined ? 'none' : `${found.version} (${found.binary})`,
    hint: 'type: sudo apt-get install --no-install-recommends qemu-system-x86 qemu-utils',
  })
}
