import { InputError } from '../../error.ts'
import type { Place } from './config-file.ts'

/** Replaces `%x` of ssh_config(5); `%%` is a percent sign. An unknown one is refused with its place. */
export function expandTokens(text: string, tokens: Readonly<Record<string, string>>, place?: Place): string {
  return text.replaceAll(/%(.?)/gs, (whole, letter: string) => {
    if (letter === '%') return '%'
    const value = tokens[letter]
    if (value !== undefined) return value
    throw tokenError(whole, text, Object.keys(tokens), place)
  })
}

/** `~/` at the beginning and `${NAME}` anywhere, as in file names of ssh_config(5); then the tokens. */
export function expandPath(
  text: string,
  context: {
    readonly home: string
    readonly environment: NodeJS.ProcessEnv
    readonly tokens: Readonly<Record<string, string>>
  },
  place?: Place,
): string {
  const withHome = text.replace(/^~(?=\/|$)/, () => context.home)
  const expanded = expandTokens(withHome, context.tokens, place)
  return expanded.replaceAll(/\$\{(\w+)\}/g, (_whole, name: string) => {
    const value = context.environment[name]
    if (value !== undefined) return value
    throw new InputError({
      code: 'SSH_CONFIG',
      what: `${where(place)}the environment variable ${name} of '${text}' is not set`,
    })
  })
}

function tokenError(token: string, text: string, known: readonly string[], place?: Place): InputError {
  return new InputError({
    code: 'SSH_CONFIG',
    what: `${where(place)}'${token}' in '${text}' cannot be replaced`,
    expected: ['%', ...known].map((letter) => `%${letter}`).join(' '),
  })
}

function where(place: Place | undefined): string {
  return place === undefined ? '' : `${place.file}:${place.line}: `
}
