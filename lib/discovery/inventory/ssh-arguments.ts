import { shellWords } from './shell-words.ts'

/** Arguments for the OpenSSH client, as far as they have an effect here. */
export interface SshArguments {
  readonly proxyJump?: string
  readonly identityFiles: readonly string[]
  readonly user?: string
  readonly port?: string
  /** `-F` */
  readonly configFile?: string
  /** `NAME=VALUE` of `-o`, for ssh to resolve. */
  readonly options: readonly string[]
  /** Those that have no effect here and could be missed, as they are written. */
  readonly ignored: readonly string[]
}

/** Reads the value of `ansible_ssh_common_args` and its like. Returns what is wrong as text. */
export function readSshArguments(text: string): SshArguments | string {
  const words = shellWords(text, { comments: false })
  if (typeof words === 'string') return words
  const found: { -readonly [K in 'proxyJump' | 'user' | 'port' | 'configFile']?: string } = {}
  const [identityFiles, options, ignored]: [string[], string[], string[]] = [[], [], []]
  for (let i = 0; i < words.length; i += 1) {
    const word = words[i] ?? ''
    if (/^-[46CqvTxakn]+$/.test(word)) {
      options.push(...[...word].flatMap((letter) => families[letter] ?? []))
      continue
    }
    const [, letter = '', attached = ''] = /^-([BbcDEeFIiJLlmOopQRSWw])(.*)$/s.exec(word) ?? []
    if (letter === '') {
      ignored.push(word)
      continue
    }
    const value = attached === '' ? words[++i] : attached
    if (value === undefined) return `${word} lacks its value`
    if (letter === 'J') found.proxyJump ??= value
    else if (letter === 'l') found.user ??= value
    else if (letter === 'p') found.port ??= value
    else if (letter === 'F') found.configFile ??= value
    else if (letter === 'i') identityFiles.push(value)
    else if (letter === 'o')
      (isFollowed(value) ? options : ignored).push(isFollowed(value) ? value : `-o ${value}`)
    else if (asOption[letter] !== undefined) options.push(`${asOption[letter]}=${value}`)
    else if (letter !== 'S') ignored.push(`-${letter} ${value}`)
  }
  return { ...found, identityFiles, options, ignored }
}

const families: Readonly<Record<string, string>> = { '4': 'AddressFamily=inet', '6': 'AddressFamily=inet6' }
const asOption: Readonly<Record<string, string>> = {
  b: 'BindAddress',
  B: 'BindInterface',
  c: 'Ciphers',
  m: 'MACs',
}

/**
 * What asks for less caution than there is, or for things that are never done: said, not passed over in silence. All
 * other options are given to ssh, which knows which there are; those of control sockets have no effect and are nobody's
 * loss.
 */
function isFollowed(option: string): boolean {
  const [, name = '', value = ''] = /^\s*([A-Za-z0-9]+)(?:\s*=\s*|\s+)"?([^"]*)/.exec(option) ?? []
  const lower = name.toLowerCase()
  if (lower === 'stricthostkeychecking') return /^(yes|true|ask)$/i.test(value)
  if (lower === 'nohostauthenticationforlocalhost') return !/^(yes|true)$/i.test(value)
  return !notDone.includes(lower)
}

const notDone: readonly string[] = [
  ...['forwardagent', 'forwardx11', 'localforward', 'remoteforward', 'dynamicforward', 'tunnel'],
  ...[
    'passwordauthentication',
    'kbdinteractiveauthentication',
    'gssapiauthentication',
    'hostbasedauthentication',
  ],
  ...['certificatefile', 'pkcs11provider', 'securitykeyprovider', 'sendenv', 'setenv', 'remotecommand'],
]
