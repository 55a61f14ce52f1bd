import type { PassThrough } from 'node:stream'

/**
 * While a process is being ended nothing may hold up its outputs, so they are not slowed down to what their owner
 * reads. Beyond this much that nobody has read, of each output, the rest is thrown away.
 */
export const unreadBytesLimit = 16 * 1024 * 1024

export function isFull(output: PassThrough): boolean {
  return output.writableLength + output.readableLength >= unreadBytesLimit
}
