import { InputError } from '../../error.ts'
import { lastWords, runOpenSshProgram } from './openssh-program.ts'

/** What the OpenSSH client here would go by for one host, as `ssh -G` prints it: values by keyword in lower case. */
export interface ResolvedConfig {
  /** The first value, as one text. Undefined where the client here prints none. */
  value(keyword: string): string | undefined
  /** Of a keyword that may be given several times. */
  values(keyword: string): readonly string[]
}

export interface ConfigQuery {
  readonly host: string
  /** Options of ssh: `-F FILE`, `-p PORT`, `-l USER`, `-o NAME=VALUE`. */
  readonly words: readonly string[]
  readonly environment: NodeJS.ProcessEnv
}

/**
 * Has the OpenSSH client resolve the configuration of a host: the user's and the system's file, `Host`, `Match` (whose
 * `exec` runs the command it names), `Include`, tokens in names of hosts. Nothing is connected to.
 * @throws InputError `SSH_CONFIG` if ssh refuses the configuration, SwarmproofError `SSH_CLIENT_MISSING`
 */
export async function resolveConfig(query: ConfigQuery): Promise<ResolvedConfig> {
  const words = ['-G', '-T', ...query.words, '--', query.host]
  refuseControlCharacters(words, query.host)
  const answer = await runOpenSshProgram('ssh', words, query.environment)
  if (answer.exitCode !== 0) {
    throw new InputError({
      code: 'SSH_CONFIG',
      what: `ssh refuses the SSH configuration of ${query.host}`,
      observed: lastWords(answer),
      hint: `'${['ssh', '-G', ...query.words, query.host].join(' ')}' says the same; with -v it names the files it reads`,
    })
  }
  return parseConfig(answer.stdout)
}

export function parseConfig(text: string): ResolvedConfig {
  const found = new Map<string, string[]>()
  for (const line of text.split('\n')) {
    const [, keyword, value] = /^(\S+) ?(.*)$/.exec(line) ?? []
    if (keyword === undefined || value === undefined) continue
    const name = keyword.toLowerCase()
    found.set(name, [...(found.get(name) ?? []), value])
  }
  return {
    value: (keyword) => found.get(keyword)?.[0],
    values: (keyword) => found.get(keyword) ?? [],
  }
}

/**
 * Has ssh itself expand the tokens, `~user` and `${VARIABLE}` of a file name: `ssh -G` prints those of IdentityFile as
 * they are written, but those of a control path expanded, which takes the same tokens.
 */
export async function expandFileName(name: string, query: ConfigQuery): Promise<string> {
  const config = await resolveConfig({ ...query, words: [...query.words, '-S', name] })
  const expanded = config.value('controlpath')
  if (expanded !== undefined) return expanded
  throw new InputError({
    code: 'SSH_CONFIG',
    what: `ssh does not expand the file name '${name}'`,
    host: query.host,
    hint: 'write the name without tokens',
  })
}

/** A line break in an option would begin another line of configuration, or of a message. */
function refuseControlCharacters(words: readonly string[], host: string): void {
  // eslint-disable-next-line no-control-regex
  const bad = words.find((word) => /[\u0000-\u001f\u007f]/.test(word))
  if (bad === undefined) return
  throw new InputError({
    code: 'SSH_CONFIG',
    what: `an option of ssh for ${JSON.stringify(host)} holds a control character`,
    observed: JSON.stringify(bad),
  })
}
