import { SwarmproofError } from '../error.ts'
import { step } from '../progress.ts'
import type { Progress } from '../progress.ts'
import { aptInstall } from './apt.ts'
import { keepFromStarting } from './unwanted-services.ts'
import type { Distribution } from './distribution.ts'
import { findExecutable } from './executables.ts'
import { sudoPrefix } from './sudo-prefix.ts'

/** A program labs need, and the package it comes in. */
export interface Tool {
  readonly program: string
  readonly package: string
  readonly purpose: string
  /** Without it something is left out, but labs run. */
  readonly optional?: boolean
  /** Units of systemd the package would start, which nobody asked for: they are masked. */
  readonly unwanted?: readonly string[]
}

const forLabsAlone: readonly Tool[] = [
  { program: 'mmdebstrap', package: 'mmdebstrap', purpose: 'builds the guest image' },
  { program: 'mke2fs', package: 'e2fsprogs', purpose: "makes the guests' disk" },
  { program: 'vde_switch', package: 'vde2', purpose: 'connects the machines' },
]

const forUnitTestsToo: readonly Tool[] = [
  {
    program: 'ssh',
    package: 'openssh-client',
    purpose: 'reads ssh_config and known_hosts, makes keys, and `swarmproof ssh`',
  },
  { program: 'tcpdump', package: 'tcpdump', purpose: 'benchmark and comparison of captures' },
  { program: 'tshark', package: 'tshark', purpose: 'second opinion on captures in the tests' },
  {
    program: 'shellcheck',
    package: 'shellcheck',
    purpose: 'checks scripts and workflows in the tests',
    optional: true,
  },
  { program: 'ip', package: 'iproute2', purpose: 'tests in network namespaces', optional: true },
  {
    program: 'busybox',
    package: 'busybox-static',
    purpose: 'the probe image for hosts of others',
    optional: true,
  },
]

const common: readonly Tool[] = [...forLabsAlone, ...forUnitTestsToo]

const emulatorPackages: readonly Tool[] = [
  { program: 'qemu-system-x86_64', package: 'qemu-system-x86', purpose: 'the virtual machines' },
  { program: 'qemu-img', package: 'qemu-utils', purpose: "the machines' disks" },
]

/** Debian 12's own QEMU 7.2 crashes current guest kernels under emulation; `emulator.ts` fetches a newer one there. */
export function needsUnpackedEmulator(distribution: Distribution): boolean {
  return distribution.id === 'debian' && distribution.version === '12'
}

export function toolsFor(distribution: Distribution): readonly Tool[] {
  return needsUnpackedEmulator(distribution) ? common : [...common, ...emulatorPackages]
}

/** What an image of hosts for container labs is built with. */
export const imageTools: readonly Tool[] = common.filter(({ program }) => program === 'mmdebstrap')

const forTestsAlone: readonly Tool[] = [
  {
    program: 'sshd',
    package: 'openssh-server',
    purpose: 'tests of SSH; its service is masked',
    optional: true,
    unwanted: ['ssh.service', 'ssh.socket'],
  },
  { program: 'iptables', package: 'iptables', purpose: 'tests of bursts that are lost', optional: true },
]

/** What unit tests use: nothing that builds or runs a lab. */
export const unitTestTools: readonly Tool[] = [...forUnitTestsToo, ...forTestsAlone]

/** What all the tests use beside what labs need; nobody else needs it, and the packages start services. */
export const testTools: readonly Tool[] = [
  ...forTestsAlone,
  { program: 'dockerd', package: 'docker.io', purpose: 'container labs of the tests', optional: true },
]

export function missingTools(
  distribution: Distribution,
  find: (program: string) => string | undefined = findExecutable,
  tools = toolsFor(distribution),
): readonly Tool[] {
  return tools.filter((tool) => find(tool.program) === undefined)
}

/**
 * Installs what is missing with apt-get, saying so first; does nothing when all is there. Throws
 * PACKAGES_MISSING with the command to type where it may not install. A failure to install what is
 * optional is a note.
 */
export async function ensureSystemPackages(
  distribution: Distribution,
  context: { readonly progress: Progress; readonly signal: AbortSignal },
  tools = toolsFor(distribution),
): Promise<void> {
  const missing = missingTools(distribution, findExecutable, tools)
  if (missing.length === 0) return
  const required = missing.filter((tool) => tool.optional !== true)
  const optional = missing.filter((tool) => tool.optional === true)
  const prefix = await sudoPrefix()
  if (prefix === undefined || findExecutable('apt-get') === undefined) {
    if (required.length > 0) throw cannotInstall(required, prefix !== undefined)
    for (const tool of optional) context.progress.note(`without ${tool.package}: no ${tool.purpose}`)
    return
  }
  context.progress.note(`installing with apt-get: ${describe(missing)}`)
  if (required.length > 0) await install(required, prefix, context)
  for (const tool of optional) {
    await install([tool], prefix, context).catch((error: unknown) => {
      context.signal.throwIfAborted()
      context.progress.note(`${tool.package} could not be installed, so no ${tool.purpose}: ${String(error)}`)
    })
  }
}

async function install(
  tools: readonly Tool[],
  prefix: readonly string[],
  context: { readonly progress: Progress; readonly signal: AbortSignal },
): Promise<void> {
  const packages = tools.map((tool) => tool.package)
  const unwanted = tools.flatMap((tool) => tool.unwanted ?? [])
  await step(context.progress, `Installing ${packages.join(', ')}`, undefined, async (current) => {
    await keepFromStarting(unwanted, prefix, context.signal)
    await aptInstall(packages, prefix, { ...context, update: (line) => current.update(line) })
  })
}

function describe(tools: readonly Tool[]): string {
  return tools.map((tool) => `${tool.package} (${tool.purpose})`).join(', ')
}

function cannotInstall(missing: readonly Tool[], isAdministrator: boolean): SwarmproofError {
  const packages = missing.map((tool) => tool.package).join(' ')
  return new SwarmproofError({
    code: 'PACKAGES_MISSING',
    what: `missing: ${describe(missing)}`,
    expected: 'these programs on this machine, or the means to install them',
    observed: isAdministrator
      ? 'no apt-get on this machine'
      : 'neither root nor sudo without a password, so nothing was installed',
    hint: isAdministrator
      ? `install these programs with this system's package manager (Debian calls the packages: ${packages})`
      : `type: sudo apt-get update && sudo apt-get install --no-install-recommends ${packages}`,
  })
}
