import { createReadStream, existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeOwnerFolder, ownerFile } from '../owner-only.ts'
import { summarize } from '../packet/summarize.ts'
import { PcapWriter } from '../packet/pcap-writer.ts'
import type { PacketRef } from '../observation/frame.ts'
import type { Packet } from '../packet/packet.ts'
import { readPackets } from '../packet/packet-stream.ts'
import type { EvidenceLog } from './context.ts'
import type { Evidence } from './verdict.ts'

const summaryLines = 12

/** Collects one test's evidence; packets become pcap files. */
export class CollectedEvidence implements EvidenceLog {
  readonly entries: Evidence[] = []
  conclusion: string | undefined
  readonly #runFolder: string
  readonly #captures: string
  readonly #testId: string

  /** `captures` is the folder for packets, below the run's. */
  constructor(runFolder: string, testId: string, captures = 'captures') {
    this.#runFolder = runFolder
    this.#captures = captures
    this.#testId = testId
  }

  observe(name: string, data: unknown): void {
    this.entries.push({ kind: 'observation', name, data: plain(data) })
  }

  measure(name: string, value: number, unit: string, bound?: number): void {
    this.entries.push({ kind: 'measurement', name, value, unit, ...(bound === undefined ? {} : { bound }) })
  }

  packets(name: string, packets: readonly Packet[]): void {
    const file = join(this.#captures, `${this.#testId}-${slug(name)}.pcap`)
    makeOwnerFolder(join(this.#runFolder, this.#captures))
    writeFileSync(join(this.#runFolder, file), new PcapWriter().file(packets), { mode: ownerFile })
    this.entries.push({
      kind: 'packets',
      name,
      file,
      packets: packets.length,
      summary: packets.slice(0, summaryLines).map((packet) => summarize(packet)),
    })
  }

  /** Copies packets out of captures of the run; those of captures that are gone are left out. */
  async packetsAt(name: string, refs: readonly PacketRef[]): Promise<void> {
    const found: Packet[] = []
    for (const file of new Set(refs.map((ref) => ref.file))) {
      const wanted = new Set(refs.filter((ref) => ref.file === file).map(({ index }) => index))
      const path = join(this.#runFolder, file)
      if (!existsSync(path)) continue
      for await (const packet of readPackets(createReadStream(path) as AsyncIterable<Uint8Array>))
        if (wanted.has(packet.number)) found.push(packet)
    }
    if (found.length > 0) this.packets(name, found)
  }

  conclude(sentence: string): void {
    this.conclusion = sentence
  }
}

/** A copy that is plain JSON: maps become objects, bytes become text or hex. */
function plain(data: unknown): unknown {
  const text = JSON.stringify(data, (_key, value: unknown) => {
    if (value instanceof Map) return Object.fromEntries(value as Map<string, unknown>)
    if (value instanceof Set) return [...(value as Set<unknown>)]
    return value
  })
  return text === undefined ? null : (JSON.parse(text) as unknown)
}

function slug(name: string): string {
  return name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '')
    .slice(0, 60)
}
