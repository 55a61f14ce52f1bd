import { appendFile, mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { InputError } from '../../error.ts'
import { ownerFile, ownerFolder } from '../../owner-only.ts'
import { entryVersion, historyEntrySchema } from './entry.ts'
import type { HistoryEntry } from './entry.ts'

export interface History {
  /** In the order in which the runs started. */
  readonly entries: readonly HistoryEntry[]
  /** Lines that were skipped, and why; one sentence each. */
  readonly notes: readonly string[]
}

/** A file that is not there is an empty history. @throws InputError if it is there and cannot be read */
export async function readHistory(file: string): Promise<History> {
  return parseHistory(await textOf(file), file)
}

/** `file` is only named in notes. One bad line costs that line. */
export function parseHistory(text: string, file: string): History {
  const entries = new Map<string, HistoryEntry>()
  const notes: string[] = []
  const lines = text.split('\n')
  for (const [index, line] of lines.entries()) {
    if (line.trim() === '') continue
    const read = readLine(line)
    if (typeof read !== 'string') entries.set(read.runId, read)
    else {
      const cutOff = index === lines.length - 1
      notes.push(
        `${file}, line ${index + 1}: skipped, ${cutOff ? 'it is cut off; whoever wrote it was killed' : read}`,
      )
    }
  }
  const byStart = (a: HistoryEntry, b: HistoryEntry): number =>
    Date.parse(a.startedAt) - Date.parse(b.startedAt)
  return { entries: [...entries.values()].sort(byStart), notes }
}

/** The entry, or why there is none. */
function readLine(line: string): HistoryEntry | string {
  let json: unknown
  try {
    json = JSON.parse(line)
  } catch {
    return 'it is not JSON'
  }
  const version = typeof json === 'object' && json !== null && 'version' in json ? json.version : undefined
  if (version !== entryVersion)
    return `its version is ${JSON.stringify(version) ?? 'missing'}, not ${entryVersion}`
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
  const before = await textOf(file)
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
  const unfinished = `${file}.unfinished`
  await writeFile(unfinished, `${[...kept, line].join('\n')}\n`, { mode: ownerFile })
  await rename(unfinished, file)
}

const idOf = ({ runId }: HistoryEntry): string => runId

async function textOf(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return ''
    throw new InputError({
      code: 'HISTORY_UNREADABLE',
      what: `the history ${file} cannot be read`,
      observed: cause.message,
      hint: 'name a file; it is made when there is none',
      cause,
    })
  })
}
