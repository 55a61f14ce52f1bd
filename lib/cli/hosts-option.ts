import { type Command, Option } from 'commander'
import { chooseHosts } from '../host/choose-hosts.ts'
import { lookAtEngine } from '../host/container/look-at-engine.ts'
import type { HostProvider } from '../host/host.ts'
import { providers, usualProvider } from '../host/provider-table.ts'
import { InputError } from '../error.ts'
import type { Progress } from '../progress.ts'
import { quote } from '../script.ts'
import { readEnginePackage } from '../setup/engine-package.ts'
import type { EngineName } from '../topology/engine.ts'
import { enginePackageOption } from './engine-option.ts'

const ids = providers.map(({ origin }) => origin.id)

/** Flags of commands that make hosts. */
export interface HostsFlags {
  /** Id of a provider's origin. */
  readonly hosts?: string
  readonly engineImage?: string
  readonly enginePackage?: string[]
  readonly engine?: EngineName
}

/** Adds `--hosts`, `--engine-image` and `--engine-package`. */
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
    .addOption(enginePackageOption())
}

/** The provider that was asked for, or the one that fits this machine; says which and why. */
export async function chooseProvider(flags: HostsFlags, progress: Progress): Promise<HostProvider> {
  const image = flags.engineImage
  // Who names an image wants hosts that are made of one.
  const asked =
    flags.hosts === undefined
      ? image !== undefined
        ? providers.find((one) => one.withImage !== undefined)
        : flags.enginePackage === undefined
          ? undefined
          : providers.find((one) => one.withEnginePackage !== undefined)
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
  const whole = await withPackage(made, flags.enginePackage)
  progress.note(why)
  return whole
}

/** @throws InputError for files that are no engine, and for hosts that are not given one */
async function withPackage(
  provider: HostProvider,
  paths: readonly string[] | undefined,
): Promise<HostProvider> {
  if (paths === undefined) return provider
  if (provider.withEnginePackage === undefined)
    throw new InputError({
      code: 'ENGINE_PACKAGE_OF_IMAGES',
      what: `--engine-package is for hosts that are given an engine, and ${provider.origin.name} come with one`,
      hint: `use only one of the two; an engine for ${provider.origin.name} is chosen by --engine-image`,
    })
  return provider.withEnginePackage(await readEnginePackage(paths))
}

/** The words that ask for the same hosts again. */
export function hostsWords(flags: HostsFlags, { origin }: Pick<HostProvider, 'origin'>): string[] {
  const words =
    flags.hosts !== undefined || origin.id !== usualProvider.origin.id ? ['--hosts', origin.id] : []
  if (flags.engineImage !== undefined) words.push('--engine-image', flags.engineImage)
  if (flags.enginePackage !== undefined) words.push('--engine-package', ...flags.enginePackage.map(quote))
  return words
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
