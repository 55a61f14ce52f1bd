import { readFileSync } from 'node:fs'
import { sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { packageRoot } from './package-root.ts'
import { quote, Script, sh } from './script.ts'

/** Variables that a script works with, by name. A script among them is given as its text. */
export type Settings = Readonly<Record<string, string | number>>

/** The first line of every file of sh, behind which its settings are written. */
const interpreter = '#!/bin/sh\n'

/**
 * A script that is a file beside its module. Nothing is inserted into its text: settings are assignments before it,
 * each value one quoted word, and `words`, where given, are what it finds in `$@`. A file says what it needs in its
 * first line, `: "${name?}"`, so that it ends at once where a setting is missing.
 *
 * ```ts
 * scriptFile(import.meta.url, 'observe.sh', { wanted: wantedModules.join(' ') }, pids)
 * ```
 *
 * @param module `import.meta.url`, and nothing else: lint refuses it
 * @param name of the file, as it is: lint refuses one that is computed
 * @throws Error for a file outside this package, and for one that does not begin with `#!/bin/sh`
 */
export function scriptFile(
  module: string,
  name: `${string}.sh`,
  settings: Settings = {},
  words?: readonly (string | number)[],
): Script {
  const text = read(module, name)
  if (!text.startsWith(interpreter)) throw new Error(`${name} does not begin with ${interpreter.trim()}`)
  const given = Object.entries(settings).map(
    ([setting, value]) => `${variable(setting)}=${quote(`${value}`)}\n`,
  )
  const set = words === undefined ? '' : `${sh`set -- ${words}`.text}\n`
  return new Script(interpreter + given.join('') + set + text.slice(interpreter.length))
}

/**
 * The text of a Perl program that is a file beside its module. What it works with are its arguments, its environment
 * and its input. Parameters as of `scriptFile`.
 */
export function perlFile(module: string, name: `${string}.pl`): string {
  return read(module, name)
}

/**
 * Runs a Perl program that is written to standard input before the program's own input: as a word of a command it might
 * be too long, and everybody on the host would see it. `@ARGV` is its length, then the words.
 */
export function perlFromInput(program: string, words: readonly (string | number)[] = []): Script {
  return sh`exec perl -e ${runFromInput()} ${[Buffer.byteLength(program), ...words]}`
}

const runFromInput = (): string => perlFile(import.meta.url, 'run-from-input.pl')

const texts = new Map<string, string>()

function read(module: string, name: string): string {
  if (!/^[a-z][a-z0-9-]*(?:\.fake)?\.(?:sh|pl)$/.test(name)) throw new Error(`'${name}' cannot name a script`)
  const path = fileURLToPath(new URL(name, module))
  const known = texts.get(path)
  if (known !== undefined) return known
  if (!path.startsWith(packageRoot() + sep)) throw new Error(`${path} is outside this package`)
  const text = readFileSync(path, 'utf8')
  texts.set(path, text)
  return text
}

function variable(name: string): string {
  if (/^[a-z][a-z_]*$/.test(name)) return name
  throw new Error(`'${name}' cannot name a setting of a script`)
}
