import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { gatherMissing } from '../missing-tool.ts'
import { makeOwnerFolder } from '../owner-only.ts'
import type { Capture, CapturePoint } from './capture.ts'
import { TcpdumpCapture } from './tcpdump-capture.ts'

/**
 * Starts captures side by side, one remote process each, and resolves when each was seen to record. Their files go
 * into `folder`. If one does not come up, the others are ended and the first error is thrown.
 */
export async function startCaptures(
  points: readonly CapturePoint[],
  folder: string,
): Promise<readonly Capture[]> {
  makeOwnerFolder(folder)
  const taken = new Set<string>()
  const files = points.map((point) => freeFile(folder, point, taken))
  const started = await Promise.allSettled(
    points.map((point, index) => TcpdumpCapture.start(point, files[index] ?? '')),
  )
  const captures = started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
  const failed = started.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []))
  if (failed.length === 0) return captures
  await Promise.allSettled(captures.map((capture) => capture[Symbol.asyncDispose]()))
  throw gatherMissing(failed)
}

/** `worker1-eth1-1.pcap`: names do not repeat within a folder. */
function freeFile(folder: string, point: CapturePoint, taken: Set<string>): string {
  const space = point.namespace?.split('/').at(-1)
  const stem = [point.host.name, space, point.interface, point.direction === 'out' ? 'out' : undefined]
    .filter((part) => part !== undefined)
    .join('-')
    .replaceAll(/[^A-Za-z0-9._-]/g, '_')
  for (let count = 1; ; count += 1) {
    const file = join(folder, `${stem}-${count}.pcap`)
    if (taken.has(file) || existsSync(file)) continue
    taken.add(file)
    return file
  }
}
