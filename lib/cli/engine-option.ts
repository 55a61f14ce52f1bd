import { Option } from 'commander'
import { InputError } from '../error.ts'
import { engineName, engineNames } from '../topology/engine.ts'
import type { EngineName } from '../topology/engine.ts'

/** `--engine NAME` for commands that make hosts; absent, each host has the engine its topology or the default names. */
export function engineOption(what: string): Option {
  return new Option('--engine <name>', `${what}: ${engineNames.join(', ')}`).argParser(engineArgument)
}

/** `--engine-package PATH…` for commands that make machines. */
export function enginePackageOption(): Option {
  return new Option(
    '--engine-package <path...>',
    'an engine that is in no archive, for virtual machines: its Debian packages, or a folder with its programs',
  )
}

/** A flavour, or an exact version of one. */
export function engineArgument(text: string): EngineName {
  const name = engineName(text)
  if (name !== undefined) return name
  throw new InputError({
    code: 'UNKNOWN_ENGINE',
    what: `unknown engine '${text}'`,
    hint: `valid: ${engineNames.join(', ')}, or an exact version of one, such as ${engineNames[1]}.5`,
  })
}
