import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { ownerFile } from '../owner-only.ts'

const CHUNK_BYTES = 1024 * 1024

/**
 * Copies a plain file to a name that must be free, readable by its owner only. Follows no link, on either side, and
 * copies no more than `bytes`, even if the file has grown or was replaced since it was looked at.
 */
export async function copyPlainFile(from: string, to: string, bytes: number): Promise<void> {
  const source = await open(from, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  try {
    if (!(await source.stat()).isFile()) throw new Error(`${from} is no longer a file`)
    const target = await open(to, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, ownerFile)
    try {
      const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, Math.max(1, bytes)))
      for (let left = bytes; left > 0;) {
        const { bytesRead } = await source.read(chunk, 0, Math.min(chunk.length, left))
        if (bytesRead === 0) return
        await target.writeFile(chunk.subarray(0, bytesRead))
        left -= bytesRead
      }
    } finally {
      await target.close()
    }
  } finally {
    await source.close()
  }
}
