import { type Command, Option } from 'commander'
import { chooseHosts } from '../host/choose-hosts.ts'
import { lookAtEngine } from '../host/container/look-at-engine.ts'
import type { HostProvider } from '../host/host.ts'
import { providers, usualProvider } from '../host/provider-table.ts'
import { InputError } from '../error.ts'
import type { Progress } from '../progress.ts'
import type { EngineName } from '../topology/engine.ts'

const ids = providers.map(({ origin }) => origin.id)

/** Flags of commands that make hosts. */
export interface HostsFlags {
  /** Id of a provider's origin. */
  readonly hosts?: string
  readonly engineImage?: string
  readonly engine?: EngineName
}

/** Adds `--hosts` and `--engine-image`. */
export function withHostsOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--hosts <kind>',
        `what hosts are: ${ids.join(' or ')}; without it containers if an engine is reachable and its kernel has everything`,
      ).argParser(readHosts),
    )
    .option(
      '--engine-image <image>',
      'what container hosts are made of: an image, or `local` for one from this machine’s packages (default: docker:dind)',
    )
}

/** The provider that was asked for, or the one that fits this machine; says which and why. */
export async function chooseProvider(flags: HostsFlags, progress: Progress): Promise<HostProvider> {
  const image = flags.engineImage
  // Who names an image wants hosts that are made of one.
  const asked =
    flags.hosts === undefined
      ? image === undefined
        ? undefined
        : providers.find((one) => one.withImage !== undefined)
      : providerOf(flags.hosts)
  const seen =
    asked === undefined ? await lookAtEngine() : ({ reachable: false, why: 'none was looked for' } as const)
  const { origin, why } = chooseHosts(asked?.origin, seen)
  const provider = providerOf(origin.id)
  const made = image === undefined ? provider : provider.withImage?.(image)
  if (made === undefined) {
    throw new InputError({
      code: 'ENGINE_IMAGE_OF_MACHINES',
      what: `--engine-image is for hosts that are made of an image, and --hosts ${origin.id} asks for ${origin.name}`,
      hint: `use only one of the two; the engine of ${usualProvider.origin.name} is chosen by --engine`,
    })
  }
  progress.note(why)
  return made
}

/** The words that ask for the same hosts again. */
export function hostsWords(flags: HostsFlags, { origin }: Pick<HostProvider, 'origin'>): string[] {
  const words =
    flags.hosts !== undefined || origin.id !== usualProvider.origin.id ? ['--hosts', origin.id] : []
  return flags.engineImage === undefined ? words : [...words, '--engine-image', flags.engineImage]
}

function readHosts(text: string): string {
  return providerOf(text).origin.id
}

function providerOf(id: string): HostProvider {
  const provider = providers.find(({ origin }) => origin.id === id)
  if (provider !== undefined) return provider
  throw new InputError({
    code: 'UNKNOWN_HOSTS',
    what: `unknown kind of hosts '${id}'`,
    hint: `valid: ${ids.join(', ')}`,
  })
}
