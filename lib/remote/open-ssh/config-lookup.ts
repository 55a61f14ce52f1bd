import { InputError } from '../../error.ts'
import type { ConfigLine, Place } from './config-file.ts'
import { consequential } from './keywords.ts'
import { matchesList } from './pattern.ts'

export interface Setting {
  readonly keyword: string
  readonly values: readonly string[]
  readonly place: Place
}

/** What an ssh_config says about one host: by keyword in lower case, the first value found; all identity files. */
export type Settings = ReadonlyMap<string, readonly Setting[]>

export interface Asked {
  /** As the person wrote it; patterns of `Host` are matched with it. */
  readonly host: string
  readonly user: string | undefined
  readonly localUser: string
}

/** Keywords whose every occurrence counts. */
const repeated = new Set(['identityfile', 'certificatefile'])

/** First value wins, block by block in the order of the file, as ssh_config(5) has it. */
export function lookUp(lines: readonly ConfigLine[], asked: Asked): Settings {
  const found = new Map<string, Setting[]>()
  visit(lines, asked, found)
  return found
}

function visit(lines: readonly ConfigLine[], asked: Asked, found: Map<string, Setting[]>): void {
  for (const line of lines) {
    if (line.block === undefined) take(line, found)
    else if (holds(line, asked, found)) visit(line.block, asked, found)
  }
}

function take(line: ConfigLine, found: Map<string, Setting[]>): void {
  const earlier = found.get(line.keyword)
  if (earlier === undefined) found.set(line.keyword, [line])
  else if (repeated.has(line.keyword)) earlier.push(line)
}

function holds(line: ConfigLine, asked: Asked, found: Map<string, Setting[]>): boolean {
  if (line.keyword === 'include') return true
  if (line.keyword === 'host') return matchesList(line.values, asked.host)
  return matchHolds(line, asked, found)
}

/** The criteria that need nothing but names. Others are refused, unless one before them rules the block out or nothing in it matters. */
function matchHolds(line: ConfigLine, asked: Asked, found: Map<string, Setting[]>): boolean {
  const first = (keyword: string): string | undefined => found.get(keyword)?.[0]?.values[0]
  const subjects: Readonly<Record<string, string>> = {
    host: (first('hostname') ?? asked.host).replaceAll('%h', asked.host),
    originalhost: asked.host,
    user: asked.user ?? first('user') ?? asked.localUser,
    localuser: asked.localUser,
  }
  const words = [...line.values]
  while (words.length > 0) {
    const word = words.shift() ?? ''
    const negated = word.startsWith('!')
    const criterion = word.replace(/^!/, '').toLowerCase()
    if (criterion === 'all') continue
    const subject = subjects[criterion]
    if (subject === undefined) {
      if (line.block?.some(({ keyword }) => consequential.has(keyword)) !== true) return false
      throw unsupported(line, asked, criterion)
    }
    const patterns = (words.shift() ?? '').split(',')
    // Names of hosts have no case here, unlike in `Host`.
    const isHost = criterion.endsWith('host')
    const matches = isHost
      ? matchesList(
          patterns.map((pattern) => pattern.toLowerCase()),
          subject.toLowerCase(),
        )
      : matchesList(patterns, subject)
    if (matches === negated) return false
  }
  return true
}

function unsupported({ place }: ConfigLine, asked: Asked, criterion: string): InputError {
  return new InputError({
    code: 'SSH_CONFIG_UNSUPPORTED',
    what: `${place.file}:${place.line}: 'Match ${criterion}' is not supported`,
    host: asked.host,
    expected: 'Match with all, host, originalhost, user or localuser',
    hint: `put the settings of ${asked.host} into a 'Host' block of a file of its own and give that with --ssh-config`,
  })
}
