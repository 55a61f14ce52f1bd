import { appendFile, mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { readBoundedText } from '../../bounded-file.ts'
import { InputError } from '../../error.ts'
import { ownerFile, ownerFolder } from '../../owner-only.ts'
import { beyondJsonBounds } from '../../bounded-json.ts'
import { writeWhole } from '../write-whole.ts'
import { entryVersion, historyEntrySchema } from './entry.ts'
import type { HistoryEntry } from './entry.ts'

/** What a history file may hold. */
export const historyBounds = {
  mostBytes: 32 * 1024 * 1024,
  /** The newest lines, that is the last ones, are read; a note says that others were left out. */
  mostRuns: 2000,
  /** Different requirements on different labs, in all runs together. */
  mostCourses: 5000,
  /** Of one line. */
  mostLevels: 16,
  mostValues: 100_000,
  longestTextCharacters: 100_000,
} as const

export interface History {
  /** In the order in which the runs started. */
  readonly entries: readonly HistoryEntry[]
  /** Lines that were skipped, and why; one sentence each. */
  readonly notes: readonly string[]
}

/** A file that is not there is an empty history. @throws InputError if it is there and cannot be read */
export async function readHistory(file: string): Promise<History> {
  return Promise.resolve(parseHistory(textOf(file), file))
}

/** `file` is only named in notes. One bad line costs that line. */
export function parseHistory(text: string, file: string): History {
  const entries = new Map<string, HistoryEntry>()
  const notes: string[] = []
  const lines = text.split('\n')
  const written = lines.flatMap((line, index) => (line.trim() === '' ? [] : [index]))
  const left = written.length - historyBounds.mostRuns
  if (left > 0) {
    notes.push(
      `${file}: the last ${historyBounds.mostRuns} runs are read; the ${left} lines before them are not`,
    )
  }
  for (const index of written.slice(Math.max(0, left))) {
    const line = lines[index] ?? ''
    const read = readLine(line)
    if (typeof read !== 'string') entries.set(read.runId, read)
    else {
      const cutOff = index === lines.length - 1
      notes.push(
        `${file}, line ${index + 1}: skipped, ${cutOff ? 'it is cut off; whoever wrote it was killed' : read}`,
      )
    }
  }
  refuseManyCourses(entries.values(), file)
  const byStart = (a: HistoryEntry, b: HistoryEntry): number =>
    Date.parse(a.startedAt) - Date.parse(b.startedAt)
  return { entries: [...entries.values()].sort(byStart), notes }
}

function refuseManyCourses(entries: Iterable<HistoryEntry>, file: string): void {
  const courses = new Set<string>()
  for (const { verdicts } of entries) {
    for (const { id, lab } of verdicts) courses.add(JSON.stringify([id, lab]))
  }
  if (courses.size <= historyBounds.mostCourses) return
  throw new InputError({
    code: 'HISTORY_TOO_LARGE',
    what: `the history ${file} names more than is compared`,
    expected: `at most ${historyBounds.mostCourses} different requirements on different labs`,
    observed: `${courses.size}`,
    hint: 'give each project a history of its own with --file',
  })
}

/** The entry, or why there is none. */
function readLine(line: string): HistoryEntry | string {
  let json: unknown
  try {
    json = JSON.parse(line)
  } catch {
    return 'it is not JSON'
  }
  const beyond = beyondJsonBounds(json, historyBounds)
  if (beyond !== undefined) return beyond
  const version = typeof json === 'object' && json !== null && 'version' in json ? json.version : undefined
  if (version !== entryVersion)
    return `its version is ${JSON.stringify(version)?.slice(0, 100) ?? 'missing'}, not ${entryVersion}`
  const parsed = historyEntrySchema.safeParse(json)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  return `${issue?.path.join('.') ?? 'it'}: ${issue?.message ?? 'no valid entry'}`
}

/**
 * Adds one line. A run that is there already is replaced. `keep` bounds how many runs of its series stay: the oldest
 * go. Lines that cannot be read are left as they are.
 */
export async function addToHistory(file: string, entry: HistoryEntry, keep?: number): Promise<void> {
  const before = textOf(file)
  const { entries } = parseHistory(before, file)
  const line = JSON.stringify(entry)
  const same = entries.filter(({ series, runId }) => series === entry.series && runId !== entry.runId)
  const gone = new Set(keep === undefined ? [] : same.slice(0, Math.max(0, same.length + 1 - keep)).map(idOf))
  await mkdir(dirname(file), { recursive: true, mode: ownerFolder })
  if (gone.size === 0 && !entries.some(({ runId }) => runId === entry.runId)) {
    // What a killed writer left unfinished stays a line of its own.
    await appendFile(file, `${before === '' || before.endsWith('\n') ? '' : '\n'}${line}\n`, {
      mode: ownerFile,
    })
    return
  }
  const kept = before.split('\n').filter((text) => {
    const read = text.trim() === '' ? undefined : readLine(text)
    return (
      read !== undefined &&
      (typeof read === 'string' || (read.runId !== entry.runId && !gone.has(read.runId)))
    )
  })
  await writeWhole(file, `${[...kept, line].join('\n')}\n`)
}

const idOf = ({ runId }: HistoryEntry): string => runId

function textOf(file: string): string {
  try {
    return readBoundedText(file, historyBounds)
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT') return ''
    throw new InputError({
      code: 'HISTORY_UNREADABLE',
      what: `the history ${file} cannot be read`,
      observed: message,
      hint: 'name a file; it is made when there is none; `history add --keep` bounds how many runs stay in it',
      cause,
    })
  }
}
