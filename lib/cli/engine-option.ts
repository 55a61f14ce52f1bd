import { Option } from 'commander'
import { InputError } from '../error.ts'
import { engineName, engineNames } from '../topology/engine.ts'
import type { EngineName } from '../topology/engine.ts'

/** `--engine NAME` for commands that make hosts; absent, each host has the engine its topology or the default names. */
export function engineOption(what: string): Option {
  return new Option('--engine <name>', `${what}: ${engineNames.join(', ')}`).argParser(engineArgument)
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
