import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'

export interface FileBound {
  /** Most bytes that are read. */
  readonly mostBytes: number
  /** Whether a pipe will do, as in `<(…)` of a shell, for a file that somebody named. Files only by default. */
  readonly orPipe?: true
}

const CHUNK_BYTES = 256 * 1024

/**
 * The text of a file, read only as far as the bound goes: neither a huge sparse file nor a device fills the memory,
 * and a pipe nobody writes to keeps nobody waiting unless pipes are allowed.
 * @throws Error of the operating system, or one that says what kind of file it is or how large it may be
 */
export function readBoundedText(file: string, { mostBytes, orPipe }: FileBound): string {
  const descriptor = openSync(file, orPipe ? constants.O_RDONLY : constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    const stat = fstatSync(descriptor)
    if (!stat.isFile() && (stat.isDirectory() || !orPipe))
      throw new Error(`it is ${kindOf(stat)}, not a file`)
    if (stat.size > mostBytes) throw tooLarge(mostBytes)
    return readText(descriptor, mostBytes)
  } finally {
    closeSync(descriptor)
  }
}

function readText(descriptor: number, mostBytes: number): string {
  const chunks: Buffer[] = []
  let bytes = 0
  for (;;) {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES)
    const read = readSync(descriptor, chunk)
    if (read === 0) return Buffer.concat(chunks).toString('utf8')
    bytes += read
    if (bytes > mostBytes) throw tooLarge(mostBytes)
    chunks.push(chunk.subarray(0, read))
  }
}

export interface FileKind {
  isDirectory(): boolean
  isSymbolicLink(): boolean
  isFIFO(): boolean
  isSocket(): boolean
  isCharacterDevice(): boolean
  isBlockDevice(): boolean
}

/** With its article, for messages. */
export function kindOf(stat: FileKind): string {
  if (stat.isDirectory()) return 'a directory'
  if (stat.isSymbolicLink()) return 'a symbolic link'
  if (stat.isFIFO()) return 'a named pipe'
  if (stat.isSocket()) return 'a socket'
  return stat.isCharacterDevice() || stat.isBlockDevice() ? 'a device' : 'a file'
}

function tooLarge(mostBytes: number): Error {
  return new Error(`it is larger than ${sizeText(mostBytes)}, the most that is read`)
}

const sizeText = (bytes: number): string =>
  bytes >= 1024 * 1024 ? `${bytes / 1024 / 1024} MiB` : `${bytes / 1024} KiB`
