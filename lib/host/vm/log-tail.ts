import { open } from 'node:fs/promises'
import { redact } from '../../redact.ts'

const tailBytes = 16 * 1024

/** The last lines of a log, without control characters and secrets; empty if there is no such file. */
export async function logTail(path: string, lines = 30): Promise<readonly string[]> {
  try {
    const file = await open(path, 'r')
    try {
      const { size } = await file.stat()
      const length = Math.min(size, tailBytes)
      const { buffer } = await file.read(Buffer.alloc(length), 0, length, size - length)
      return lastLines(buffer.toString('utf8'), lines)
    } finally {
      await file.close()
    }
  } catch {
    return []
  }
}

export function lastLines(text: string, lines: number): readonly string[] {
  return (
    redact(text)
      // Terminal sequences of firmware and kernel would colour or clear the reader's screen.
      // eslint-disable-next-line no-control-regex
      .replaceAll(/\x1b\[[0-9;?]*[A-Za-z]|\x1bc|[^\P{Cc}\n\t]/gu, '')
      .split('\n')
      .map((line) => line.trimEnd())
      .filter((line) => line !== '')
      .slice(-lines)
  )
}
