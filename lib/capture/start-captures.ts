import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { gatherMissing } from '../missing-tool.ts'
import { makeOwnerFolder } from '../owner-only.ts'
import type { Capture, CapturePoint } from './capture.ts'
import { KeepPolicy } from './keep/keep-policy.ts'
import type { OwnTraffic } from './keep/own-traffic.ts'
import { TcpdumpCapture } from './tcpdump-capture.ts'

/**
 * Starts captures side by side, one remote process each, and resolves when each was seen to record. Their files go
 * into `folder`. If one does not come up, the others are ended and the first error is thrown.
 * @param own whose traffic alone is kept, of hosts that carry others', too; everything without it
 */
export async function startCaptures(
  points: readonly CapturePoint[],
  folder: string,
  own?: OwnTraffic,
): Promise<readonly Capture[]> {
  makeOwnerFolder(folder)
  const files = points.map((point) => freeFile(folder, point))
  const started = await Promise.allSettled(
    points.map((point, index) => TcpdumpCapture.start(point, files[index] ?? '', policyFor(point, own))),
  )
  const captures = started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
  const failed = started.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []))
  if (failed.length === 0) return captures
  await Promise.allSettled(captures.map((capture) => capture[Symbol.asyncDispose]()))
  throw gatherMissing(failed)
}

/** Each capture has a policy of its own, for it remembers streams and datagrams. */
function policyFor(point: CapturePoint, own: OwnTraffic | undefined): KeepPolicy | undefined {
  if (own === undefined) return undefined
  const { vxlanPorts = [], namespace, markers = [], words = [] } = point
  return new KeepPolicy(own, { vxlanPorts, markers, words, inside: namespace !== undefined })
}

/** Files of this process, from before they are made: what is verified at the same time records into the same folder. */
const taken = new Set<string>()

/** `worker1-eth1-1.pcap`: names do not repeat within a folder. */
function freeFile(folder: string, point: CapturePoint): string {
  const space = point.namespace?.split('/').at(-1)
  const stem = [point.host.name, space, point.interface, point.direction === 'out' ? 'out' : undefined]
    .filter((part) => part !== undefined)
    .join('-')
    .replaceAll(/[^A-Za-z0-9._-]/g, '_')
  for (let count = 1; ; count += 1) {
    const file = resolve(folder, `${stem}-${count}.pcap`)
    if (taken.has(file) || existsSync(file)) continue
    taken.add(file)
    return file
  }
}
