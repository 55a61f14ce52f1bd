import { shellWords } from './shell-words.ts'

/** What swarmproof understands of arguments for the OpenSSH client. */
export interface SshArguments {
  readonly proxyJump?: string
  readonly identityFiles: readonly string[]
  readonly user?: string
  readonly port?: string
  /** Those that are not followed, as they are written. */
  readonly ignored: readonly string[]
}

/** Reads the value of `ansible_ssh_common_args` and its like. Returns what is wrong as text. */
export function readSshArguments(text: string): SshArguments | string {
  const words = shellWords(text, { comments: false })
  if (typeof words === 'string') return words
  const found: { proxyJump?: string; user?: string; port?: string } = {}
  const [identityFiles, ignored]: [string[], string[]] = [[], []]
  const take = (name: string, value: string, written: string): void => {
    if (name === 'proxyjump') found.proxyJump = value
    else if (name === 'identityfile') identityFiles.push(value)
    else if (name === 'user') found.user = value
    else if (name === 'port') found.port = value
    else if (name === 'proxycommand' && jumpOf(value) !== undefined) found.proxyJump = jumpOf(value) ?? ''
    else ignored.push(written)
  }
  for (let i = 0; i < words.length; i += 1) {
    const word = words[i] ?? ''
    const match = /^-([JoilpFSWbcDLRmeEQw])(.*)$/.exec(word)
    if (match === null) {
      ignored.push(word)
      continue
    }
    const [, letter = '', attached = ''] = match
    const value = attached === '' ? (words[++i] ?? '') : attached
    if (letter === 'o') {
      const [, name = '', rest = ''] = /^\s*([A-Za-z0-9]+)\s*[=\s]\s*(.*)$/.exec(value) ?? []
      take(name.toLowerCase(), rest, `-o ${value}`)
    } else take(shortNames[letter] ?? '', value, `-${letter} ${value}`)
  }
  return { ...found, identityFiles, ignored }
}

const shortNames: Readonly<Record<string, string>> = {
  J: 'proxyjump',
  i: 'identityfile',
  l: 'user',
  p: 'port',
}

/** The host of `ssh -W %h:%p user@bastion`, the long form of a jump host; undefined for any other command. */
function jumpOf(command: string): string | undefined {
  const words = shellWords(command, { comments: false })
  if (typeof words === 'string' || !/(^|\/)ssh$/.test(words[0] ?? '')) return undefined
  let [forwards, port, host]: [boolean, string, string | undefined] = [false, '', undefined]
  for (let i = 1; i < words.length; i += 1) {
    const word = words[i] ?? ''
    if (word === '-W' || word.startsWith('-W')) {
      forwards = (word === '-W' ? words[++i] : word.slice(2)) === '%h:%p'
    } else if (word === '-p') port = `:${words[++i] ?? ''}`
    else if (word === '-q') continue
    else if (word.startsWith('-') || host !== undefined) return undefined
    else host = word
  }
  return forwards && host !== undefined ? `${host}${port}` : undefined
}
