import { cpus, totalmem } from 'node:os'
import { readdir } from 'node:fs/promises'
import type { Progress } from '../../progress.ts'
import { sudoPrefix } from '../../setup/sudo-prefix.ts'
import { availableMemoryMib, freeDiskMib } from '../../setup/capacity.ts'
import { cacheDirectory, stateDirectory } from '../../setup/directories.ts'
import { isKnownRelease, isTestedRelease, readDistribution } from '../../setup/distribution.ts'
import type { Distribution } from '../../setup/distribution.ts'
import { findEmulator } from '../../setup/emulator.ts'
import type { Emulator } from '../../setup/emulator.ts'
import { findExecutable } from '../../setup/executables.ts'
import { describeImage, findGuestImage } from '../../setup/guest-image.ts'
import type { GuestImage } from '../../setup/guest-image.ts'
import { guestRecipe } from '../../setup/guest-recipe.ts'
import { engineNames } from '../../topology/engine.ts'
import { initNames } from '../../topology/init.ts'
import { needsUnpackedEmulator, toolsFor } from '../../setup/system-packages.ts'
import { findAcceleration, knownAcceleration } from './acceleration.ts'
import type { Acceleration } from './acceleration.ts'
import { standingDirectory } from './standing-lab.ts'
import { templatesDirectory } from './template.ts'

/** One thing labs need, or profit from. */
export interface ReadinessCheck {
  readonly name: string
  readonly status: 'ok' | 'missing' | 'unknown'
  readonly detail: string
  /** What fixes it: `setup`, the next run does it by itself; `user`, see `hint`; `nothing`, labs run without. */
  readonly fixedBy?: 'setup' | 'user' | 'nothing'
  /** What to type. */
  readonly hint?: string
}

/** What the default topology takes: three machines of 1 GiB and their emulators. */
export const neededMemoryMib = 3 * (1024 + 160)
const neededDiskMib = 6 * 1024

/** Labs can run here once set-up has done what it can by itself. */
export function canRunLabs(findings: readonly ReadinessCheck[]): boolean {
  return findings.every((finding) => finding.status !== 'missing' || finding.fixedBy !== 'user')
}

/** Looks at everything a lab needs. Changes nothing, except that `probe` boots a guest to try KVM again. */
export async function inspectReadiness(options: {
  readonly probe: boolean
  readonly progress: Progress
  readonly signal: AbortSignal
}): Promise<readonly ReadinessCheck[]> {
  const distribution = await readDistribution()
  const prefix = await sudoPrefix()
  const mayInstall = prefix !== undefined && findExecutable('apt-get') !== undefined
  const emulator = await findEmulator(distribution)
  const image =
    distribution.family === undefined ? undefined : await findGuestImage(guestRecipe(distribution))
  return [
    system(distribution),
    node(process.versions.node),
    administrator(prefix),
    processors(),
    await memory(),
    await disk(),
    ...tools(distribution, mayInstall),
    emulatorFinding(emulator, distribution, mayInstall),
    imageFinding(image, await otherImages(distribution, image)),
    await acceleration(emulator, image, options),
    await stored('template machines', templatesDirectory()),
    await stored('saved labs', standingDirectory()),
  ]
}

function system(distribution: Distribution): ReadinessCheck {
  const name = 'operating system'
  const detail = `${distribution.prettyName}, ${process.platform} ${process.arch}`
  if (process.platform !== 'linux' || process.arch !== 'x64' || distribution.family === undefined) {
    const hint = 'use x86-64 Debian 12 or 13, or Ubuntu 22.04 or 24.04; or verify hosts you already have'
    return { name, status: 'missing', detail, fixedBy: 'user', hint }
  }
  if (isTestedRelease(distribution)) return { name, status: 'ok', detail }
  const state = isKnownRelease(distribution) ? 'set-up is written for it but untested on it' : 'untested'
  return { name, status: 'unknown', detail: `${detail}: ${state}` }
}

export function node(version: string): ReadinessCheck {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const ok = major > 20 || (major === 20 && minor >= 19)
  return ok
    ? { name: 'Node.js', status: 'ok', detail: version }
    : {
        name: 'Node.js',
        status: 'missing',
        detail: version,
        fixedBy: 'user',
        hint: 'install Node.js 20.19 or later',
      }
}

function administrator(prefix: readonly string[] | undefined): ReadinessCheck {
  const name = 'root or sudo'
  if (prefix !== undefined) {
    return { name, status: 'ok', detail: prefix.length === 0 ? 'root' : 'sudo without a password' }
  }
  const detail = 'neither: packages cannot be installed, everything else works'
  return { name, status: 'missing', detail, fixedBy: 'nothing', hint: 'see the tools below' }
}

function processors(): ReadinessCheck {
  const count = cpus().length
  const detail = `${count} (${cpus()[0]?.model.trim() ?? 'unknown'})`
  if (count >= 2) return { name: 'processors', status: 'ok', detail }
  const hint = 'two or more make labs usable'
  return { name: 'processors', status: 'missing', detail, fixedBy: 'nothing', hint }
}

async function memory(): Promise<ReadinessCheck> {
  const available = await availableMemoryMib()
  const detail = `${available} MiB available of ${Math.floor(totalmem() / 1024 / 1024)}; three machines take ${neededMemoryMib}`
  if (available >= neededMemoryMib) return { name: 'memory', status: 'ok', detail }
  const hint = 'end other programs, or give the nodes less memoryMib in the topology'
  return { name: 'memory', status: 'missing', detail, fixedBy: 'user', hint }
}

async function disk(): Promise<ReadinessCheck> {
  const [cache, state] = [await freeDiskMib(cacheDirectory()), await freeDiskMib(stateDirectory())]
  const detail = `${cache} MiB free for the cache (${cacheDirectory()}), ${state} MiB for running labs (${stateDirectory()})`
  if (cache >= neededDiskMib && state >= 1024) return { name: 'disk', status: 'ok', detail }
  const hint = `make room for ${neededDiskMib} MiB, or set SWARMPROOF_CACHE and SWARMPROOF_STATE to folders on a larger disk`
  return { name: 'disk', status: 'missing', detail, fixedBy: 'user', hint }
}

function tools(distribution: Distribution, mayInstall: boolean): readonly ReadinessCheck[] {
  return toolsFor(distribution).map((tool): ReadinessCheck => {
    const path = findExecutable(tool.program)
    if (path !== undefined) return { name: tool.program, status: 'ok', detail: path }
    const hint = `sudo apt-get install --no-install-recommends ${tool.package}`
    const fixedBy = mayInstall ? 'setup' : tool.optional === true ? 'nothing' : 'user'
    return { name: tool.program, status: 'missing', detail: tool.purpose, fixedBy, hint }
  })
}

function emulatorFinding(
  emulator: Emulator | undefined,
  distribution: Distribution,
  mayInstall: boolean,
): ReadinessCheck {
  const name = 'QEMU'
  if (emulator !== undefined) {
    const where = emulator.origin === 'unpacked' ? ', unpacked in the cache' : ''
    return { name, status: 'ok', detail: `${emulator.version}${where} (${emulator.binary})` }
  }
  if (needsUnpackedEmulator(distribution)) {
    const detail = "this system's own is too old; the next run unpacks a newer one into the cache"
    return { name, status: 'missing', detail, fixedBy: 'setup' }
  }
  const hint = 'sudo apt-get install --no-install-recommends qemu-system-x86 qemu-utils'
  return { name, status: 'missing', detail: 'none', fixedBy: mayInstall ? 'setup' : 'user', hint }
}

function imageFinding(image: GuestImage | undefined, others: readonly string[]): ReadinessCheck {
  const name = 'guest image'
  const also = others.length === 0 ? '' : `; ${others.join('; ')}`
  return image === undefined
    ? { name, status: 'missing', detail: `not built yet: about a minute${also}`, fixedBy: 'setup' }
    : { name, status: 'ok', detail: `${describeImage(image)}${also}` }
}

/** Images of engines and inits that were asked for by name; labs without use the default. */
async function otherImages(
  distribution: Distribution,
  usual: GuestImage | undefined,
): Promise<readonly string[]> {
  if (distribution.family !== 'debian') return []
  const images = await Promise.all(
    engineNames.flatMap((engine) =>
      initNames.map(async (init) => {
        const image = await findGuestImage(guestRecipe(distribution, { engine, init }))
        if (image === undefined || image.key === usual?.key) return undefined
        return `with engine ${engine}: ${describeImage(image)}`
      }),
    ),
  )
  return images.filter((text) => text !== undefined)
}

async function acceleration(
  emulator: Emulator | undefined,
  image: GuestImage | undefined,
  options: { readonly probe: boolean; readonly progress: Progress; readonly signal: AbortSignal },
): Promise<ReadinessCheck> {
  const name = 'acceleration'
  const untried = 'not tried yet; the next run does, with a real boot and a time limit'
  if (emulator === undefined) return { name, status: 'unknown', detail: untried }
  if (options.probe && image !== undefined) {
    return describe(await findAcceleration({ emulator, image, ...options }, true))
  }
  const known = await knownAcceleration(emulator)
  if (known !== undefined) return describe(known)
  return { name, status: 'unknown', detail: untried, hint: 'swarmproof doctor --probe' }
}

function describe({ accelerator, reason }: Acceleration): ReadinessCheck {
  const detail = `${accelerator === 'kvm' ? 'KVM' : 'none, machines are emulated'}: ${reason}`
  return { name: 'acceleration', status: 'ok', detail }
}

async function stored(name: string, directory: string): Promise<ReadinessCheck> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => [])
  const whole = entries.filter((entry) => entry.isDirectory() && !entry.name.endsWith('.building'))
  return whole.length === 0
    ? { name, status: 'missing', detail: 'none yet', fixedBy: 'setup' }
    : { name, status: 'ok', detail: `${whole.length} in the cache` }
}
