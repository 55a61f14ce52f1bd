import { type Command, Option } from 'commander'
import { chooseHosts, type HostsKind, hostsKinds } from '../host/choose-hosts.ts'
import { ContainerProvider } from '../host/container/container-provider.ts'
import { lookAtEngine } from '../host/container/look-at-engine.ts'
import type { HostProvider } from '../host/host.ts'
import { VmProvider } from '../host/vm/vm-provider.ts'
import { InputError } from '../error.ts'
import type { Progress } from '../progress.ts'
import type { EngineName } from '../topology/engine.ts'

/** Flags of commands that make hosts. */
export interface HostsFlags {
  readonly hosts?: HostsKind
  readonly engineImage?: string
  readonly engine?: EngineName
}

/** Adds `--hosts` and `--engine-image`. */
export function withHostsOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--hosts <kind>',
        'what hosts are: vm or container; without it containers if an engine is reachable and its kernel has everything',
      ).argParser(readHosts),
    )
    .option(
      '--engine-image <image>',
      'what container hosts are made of: an image, or `local` for one from this machine’s packages (default: docker:dind)',
    )
}

/** The provider that was asked for, or the one that fits this machine; says which and why. */
export async function chooseProvider(flags: HostsFlags, progress: Progress): Promise<HostProvider> {
  // Who names an image wants containers.
  const asked = flags.hosts ?? (flags.engineImage === undefined ? undefined : 'container')
  if (asked === 'vm' && flags.engineImage !== undefined) {
    throw new InputError({
      code: 'ENGINE_IMAGE_OF_MACHINES',
      what: '--engine-image is for hosts that are containers, and --hosts vm asks for virtual machines',
      hint: 'leave one of the two away; the engine of virtual machines is chosen by --engine',
    })
  }
  const seen =
    asked === undefined ? await lookAtEngine() : ({ reachable: false, why: 'none was looked for' } as const)
  const { kind, why } = chooseHosts(asked, seen)
  progress.note(why)
  return kind === 'container' ? new ContainerProvider({ engineImage: flags.engineImage }) : new VmProvider()
}

/** The words that ask for the same hosts again. */
export function hostsWords(flags: HostsFlags, { kind }: Pick<HostProvider, 'kind'>): string[] {
  const words = flags.hosts !== undefined || kind === 'container' ? ['--hosts', kind] : []
  return flags.engineImage === undefined ? words : [...words, '--engine-image', flags.engineImage]
}

function readHosts(text: string): HostsKind {
  const kind = hostsKinds.find((one) => one === text)
  if (kind !== undefined) return kind
  throw new InputError({
    code: 'UNKNOWN_HOSTS',
    what: `unknown kind of hosts '${text}'`,
    hint: `valid: ${hostsKinds.join(', ')}`,
  })
}
