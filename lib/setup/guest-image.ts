import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { SwarmproofError } from '../error.ts'
import { step } from '../progress.ts'
import type { Progress, ProgressStep } from '../progress.ts'
import { sudoPrefix } from './sudo-prefix.ts'
import { requireDisk } from './capacity.ts'
import { cacheDirectory } from './directories.ts'
import { recipeKey } from './guest-recipe.ts'
import type { GuestRecipe } from './guest-recipe.ts'
import { withLock } from './lock.ts'
import { readManifest, writeManifest } from './manifest.ts'
import { removeTree, runStep, unpackSuite } from './unpack-suite.ts'

/** A disk, kernel and initial RAM disk guests boot from. Never written to: machines run on overlays of it. */
export interface GuestImage {
  readonly key: string
  /** Differs between two builds of one recipe: what was made from one build does not fit the other. */
  readonly buildId: string
  readonly suite: string
  readonly init?: 'systemd'
  readonly kernel: string
  readonly initrd: string
  readonly disk: string
  /** e.g. `6.12.94+deb13-cloud-amd64`. */
  readonly kernelRelease: string
}

/** For people: `trixie, kernel 6.12.94+deb13-cloud-amd64, systemd`. */
export function describeImage(image: Pick<GuestImage, 'suite' | 'kernelRelease' | 'init'>): string {
  const parts = [image.suite, `kernel ${image.kernelRelease}`, image.init]
  return parts.filter((part) => part !== undefined).join(', ')
}

interface Context {
  readonly progress: Progress
  readonly signal: AbortSignal
}

export function imagesDirectory(): string {
  return join(cacheDirectory(), 'images')
}

/** The image of this recipe, if it was built and is whole. */
export async function findGuestImage(recipe: GuestRecipe): Promise<GuestImage | undefined> {
  const key = recipeKey(recipe)
  const directory = join(imagesDirectory(), key)
  const manifest = await readManifest(join(directory, 'manifest.json'))
  const { buildId, kernelRelease } = manifest ?? {}
  if (typeof buildId !== 'string' || typeof kernelRelease !== 'string') return undefined
  const files = {
    kernel: join(directory, 'vmlinuz'),
    initrd: join(directory, 'initrd'),
    disk: join(directory, 'disk.raw'),
  }
  if (!Object.values(files).every((file) => existsSync(file))) return undefined
  const { suite, init } = recipe
  return { key, buildId, kernelRelease, suite, ...(init === undefined ? {} : { init }), ...files }
}

/** As `findGuestImage`, but builds it where it is missing. A build that was killed leaves nothing that is trusted. */
export async function ensureGuestImage(recipe: GuestRecipe, context: Context): Promise<GuestImage> {
  const found = await findGuestImage(recipe)
  if (found !== undefined) return found
  const lock = join(imagesDirectory(), `${recipeKey(recipe)}.lock`)
  return withLock(lock, 'building the guest image', context, async () => {
    return (await findGuestImage(recipe)) ?? (await build(recipe, context))
  })
}

async function build(recipe: GuestRecipe, context: Context): Promise<GuestImage> {
  await requireDisk(imagesDirectory(), 4096, 'build the guest image')
  const directory = join(imagesDirectory(), recipeKey(recipe))
  const work = `${directory}.building`
  await removeTree(work)
  await mkdir(work, { recursive: true })
  context.progress.note(
    `building the guest image from this machine's own package archive (${recipe.suite}: ${recipe.packages.join(' ')})`,
  )
  try {
    const what = recipe.init === undefined ? recipe.suite : `${recipe.suite}, ${recipe.init}`
    await step(context.progress, `Building the guest image (${what})`, undefined, async (current) => {
      await bootstrap(recipe, work, current, context)
      const kernelRelease = await takeBootFiles(work, context.signal)
      await removeTree(directory)
      await mkdir(join(work, 'image'), { recursive: true })
      await writeManifest(join(work, 'image/manifest.json'), {
        buildId: randomUUID(),
        kernelRelease,
        suite: recipe.suite,
        builtAt: new Date().toISOString(),
      })
      await rename(join(work, 'image'), directory)
    })
  } finally {
    await removeTree(work)
  }
  const image = await findGuestImage(recipe)
  if (image !== undefined) return image
  throw new SwarmproofError({
    code: 'IMAGE_INCOMPLETE',
    what: 'the guest image is incomplete after its build',
    expected: `manifest, kernel, initrd and disk in ${directory}`,
    hint: 'start again; it will be rebuilt',
  })
}

/** Fills `work/image` with disk.raw and `work/boot` with the guest's /boot. */
async function bootstrap(
  recipe: GuestRecipe,
  work: string,
  current: ProgressStep,
  context: Context,
): Promise<void> {
  const prefix = await sudoPrefix()
  await mkdir(join(work, 'image'))
  await mkdir(join(work, 'boot'))
  const output = join(work, prefix === undefined ? 'root.tar' : 'root')
  const hooks = [`copy-out /boot '${work}'`]
  await unpackSuite(
    recipe,
    { work, output, hooks, prefix, what: 'building the guest image' },
    current,
    context,
  )
  current.update("making the guests' disk")
  await makeDisk(recipe, work, prefix, current, context.signal)
}

/** Of the guests' disk. */
const fileSystemOptions = ['-q', '-F', '-t', 'ext4', '-L', 'swarmproof']

async function makeDisk(
  recipe: GuestRecipe,
  work: string,
  prefix: readonly string[] | undefined,
  current: ProgressStep,
  signal: AbortSignal,
): Promise<void> {
  const disk = join(work, 'image/disk.raw')
  const size = `${recipe.diskMib}M`
  if (prefix !== undefined) {
    await runStep(
      [...prefix, 'mke2fs', ...fileSystemOptions, '-d', join(work, 'root'), disk, size],
      "making the guests' disk",
      current,
      signal,
    )
    const owner = `${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`
    if (prefix.length > 0) {
      await runStep(
        [...prefix, 'chown', '-R', owner, join(work, 'image'), join(work, 'boot')],
        'chown',
        current,
        signal,
      )
    }
    return
  }
  // Without root: the same user namespace mmdebstrap unpacked in keeps the owners of files right.
  const script = [
    'set -e',
    'tree=$(mktemp -d)',
    'trap \'rm -rf "$tree"\' EXIT',
    'mkdir "$tree/root"',
    // Device nodes may not be made here; a guest mounts devtmpfs over them anyway.
    'tar -C "$tree/root" -x --exclude \'./dev/*\'',
    'size=$1; shift',
    'mke2fs "$@" -d "$tree/root" "$tree/disk" "$size" >&2',
    'cat "$tree/disk"',
  ].join('\n')
  await runStep(
    [
      'sh',
      '-c',
      'inner=$1 tar=$2 disk=$3; shift 3; mmdebstrap --unshare-helper sh -c "$inner" sh "$@" < "$tar" > "$disk" && fallocate -d "$disk"',
      ...['sh', script, join(work, 'root.tar'), disk],
      ...[size, ...fileSystemOptions],
    ],
    "making the guests' disk",
    current,
    signal,
  )
}

/** Moves the newest kernel and its initial RAM disk beside the disk; returns the kernel's release. */
async function takeBootFiles(work: string, signal: AbortSignal): Promise<string> {
  const names = await readdir(join(work, 'boot'))
  const release = names
    .filter((name) => name.startsWith('vmlinuz-'))
    .map((name) => name.slice('vmlinuz-'.length))
    .sort()
    .at(-1)
  if (release === undefined || !names.includes(`initrd.img-${release}`)) {
    throw new SwarmproofError({
      code: 'IMAGE_INCOMPLETE',
      what: 'the guest has no kernel with an initial RAM disk',
      expected: 'vmlinuz-* and initrd.img-* of one release in /boot',
      observed: names.join(' '),
    })
  }
  signal.throwIfAborted()
  await rename(join(work, `boot/vmlinuz-${release}`), join(work, 'image/vmlinuz'))
  await rename(join(work, `boot/initrd.img-${release}`), join(work, 'image/initrd'))
  return release
}
