import { SwarmproofError } from '../error.ts'
import type { Progress } from '../progress.ts'
import { isKnownRelease, isTestedRelease, readDistribution } from './distribution.ts'
import type { Distribution } from './distribution.ts'
import { ensureEmulator } from './emulator.ts'
import type { Emulator } from './emulator.ts'
import { ensureGuestImage } from './guest-image.ts'
import type { GuestImage } from './guest-image.ts'
import { type GuestKind, guestRecipe } from './guest-recipe.ts'
import { ensureSystemPackages, missingTools } from './system-packages.ts'

/** What labs of virtual machines are made from. */
export interface Setup {
  readonly distribution: Distribution
  readonly emulator: Emulator
  readonly image: GuestImage
}

/**
 * Makes this machine able to run labs: system packages, a QEMU, the guest image. Everything is looked for first, so
 * that on a machine that is ready this costs a fraction of a second. Says what it installs before it does.
 * The guest image is that of the named engine, package and init only, or of the default ones; others are built when first needed.
 */
export async function ensureSetup(
  context: { readonly progress: Progress; readonly signal: AbortSignal },
  kind: GuestKind = {},
): Promise<Setup> {
  if (process.platform !== 'linux' || process.arch !== 'x64') throw wrongMachine()
  const distribution = await readDistribution()
  const recipe = guestRecipe(distribution, kind)
  if (missingTools(distribution).length > 0 && !isTestedRelease(distribution)) {
    const known = isKnownRelease(distribution) ? 'written for but not tested on' : 'not written for'
    context.progress.note(`this set-up was ${known} ${distribution.prettyName}`)
  }
  await ensureSystemPackages(distribution, context)
  const emulator = await ensureEmulator(distribution, context)
  const image = await ensureGuestImage(recipe, context)
  return { distribution, emulator, image }
}

function wrongMachine(): SwarmproofError {
  return new SwarmproofError({
    code: 'MACHINE_UNSUPPORTED',
    what: 'labs of virtual machines cannot run here',
    expected: 'Linux on x86-64',
    observed: `${process.platform} on ${process.arch}`,
    hint: 'use an x86-64 machine with Debian 12 or 13, or Ubuntu 22.04 or 24.04',
  })
}
