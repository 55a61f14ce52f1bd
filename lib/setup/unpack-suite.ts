import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { SwarmproofError } from '../error.ts'
import type { Progress, ProgressStep } from '../progress.ts'
import { sudoPrefix } from './sudo-prefix.ts'
import { archiveUri, proxyOptions } from './apt.ts'
import { digestOf, type EnginePackage } from './engine-package.ts'
import type { GuestRecipe } from './guest-recipe.ts'
import { runLocal } from './local-command.ts'

export interface Unpacking {
  /** A folder of its own; the recipe's files are put there first. */
  readonly work: string
  /** A folder, or a file ending in `.tar`. */
  readonly output: string
  /** Further customize hooks of mmdebstrap, after the recipe's own. */
  readonly hooks: readonly string[]
  /** What to put before a command that needs root; undefined without root. */
  readonly prefix: readonly string[] | undefined
  /** For messages: `building the guest image`. */
  readonly what: string
}

/** Unpacks the packages of a recipe from this machine's own archive and runs the recipe's `finish` on the tree. */
export async function unpackSuite(
  recipe: Omit<GuestRecipe, 'diskMib'>,
  { work, output, hooks, prefix, what }: Unpacking,
  current: ProgressStep,
  { progress, signal }: { readonly progress: Progress; readonly signal: AbortSignal },
): Promise<void> {
  const mirror = await archiveUri(recipe.archiveOf, prefix, {
    signal,
    update: (detail) => current.update(detail),
  })
  await mkdir(join(work, 'recipe'))
  for (const [name, content] of Object.entries(recipe.files))
    await writeFile(join(work, 'recipe', name), content)
  const { enginePackage } = recipe
  if (enginePackage !== undefined) await copyEngine(enginePackage, join(work, 'recipe/engine'))
  const unpack = async (...options: readonly string[]): Promise<void> => {
    const debootstrap = [
      'mmdebstrap',
      '--variant=minbase',
      `--mode=${prefix === undefined ? 'unshare' : 'root'}`,
      `--components=${recipe.components.join(',')}`,
      `--include=${recipe.packages.join(',')}`,
      ...(await proxyOptions(signal)).map((option) => `--aptopt=${option}`),
      ...options,
      '--dpkgopt=path-exclude=/usr/share/man/*',
      '--dpkgopt=path-exclude=/usr/share/locale/*',
      '--dpkgopt=path-exclude=/usr/share/doc/*',
      // Copied in first: without root the hooks run as a user who may not look into this user's home.
      `--customize-hook=copy-in '${join(work, 'recipe')}' /usr/lib`,
      ...(enginePackage === undefined ? [] : ['--customize-hook=sh "$1/usr/lib/recipe/install-engine" "$1"']),
      '--customize-hook=sh "$1/usr/lib/recipe/finish" "$1" && rm -rf "$1/usr/lib/recipe"',
      ...hooks.map((hook) => `--customize-hook=${hook}`),
      recipe.suite,
      output,
      mirror,
      ...(recipe.beside === undefined
        ? []
        : [`deb ${mirror} ${recipe.beside} ${recipe.components.join(' ')}`]),
    ]
    await runStep([...(prefix ?? []), ...debootstrap], what, current, signal)
  }
  try {
    await unpack()
  } catch (error) {
    if (!isExpired(error)) throw error
    progress.note(
      `this archive's list of ${recipe.suite} is older than it says it may be (a mirror that lags); it is used as it is, its signatures are checked all the same`,
    )
    await removeTree(output)
    await unpack('--aptopt=Acquire::Check-Valid-Until "false"')
  }
}

/** The files as they were when they were looked at: what is in an image is what its key says. */
async function copyEngine({ files }: EnginePackage, to: string): Promise<void> {
  await mkdir(to)
  for (const { name, path, sha256 } of files) {
    await copyFile(path, join(to, name))
    if ((await digestOf(join(to, name))) === sha256) continue
    throw new SwarmproofError({
      code: 'ENGINE_PACKAGE_CHANGED',
      what: `${path} changed after it was looked at`,
      expected: `SHA-256 ${sha256}`,
      hint: 'start again',
    })
  }
}

/** Only suites that change daily expire; a stable release does not. */
function isExpired(error: unknown): boolean {
  const log = error instanceof SwarmproofError ? (error.detail.log ?? []) : []
  return log.some((line) => /Release file for \S+ is expired/.test(line))
}

/** Runs a command of a long build, showing its last line. */
export async function runStep(
  command: readonly string[],
  what: string,
  current: ProgressStep,
  signal: AbortSignal,
): Promise<void> {
  await runLocal(command[0] ?? '', command.slice(1), {
    what,
    signal,
    timeoutMs: 1_200_000,
    onLine: (line) => current.update(line.slice(0, 100)),
  })
}

/** Trees made as root through sudo are removed through it, too. */
export async function removeTree(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true })
  } catch (error) {
    const prefix = await sudoPrefix()
    if (prefix === undefined || prefix.length === 0) throw error
    await runLocal('sudo', ['-n', 'rm', '-rf', path], { what: `removing ${path}` })
  }
}
