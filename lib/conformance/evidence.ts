import { createReadStream, existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeOwnerFolder, ownerFile } from '../owner-only.ts'
import { summarize } from '../packet/summarize.ts'
import { PcapWriter } from '../packet/pcap-writer.ts'
import type { PacketRef } from '../observation/frame.ts'
import type { Packet } from '../packet/packet.ts'
import { readPackets } from '../packet/packet-stream.ts'
import type { Evidence } from './verdict.ts'

const summaryLines = 12

/** Collects one test's evidence; packets become pcap files. */
export class CollectedEvidence {
  readonly entries: Evidence[] = []
  readonly #runFolder: string
  readonly #captures: string
  readonly #testId: string

  /** `captures` is the folder for packets, below the run's. */
  constructor(runFolder: string, testId: string, captures = 'captures') {
    this.#runFolder = runFolder
    this.#captures = captures
    this.#testId = testId
  }

  /** Keeps packets as a pcap of their own. */
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
}

function slug(name: string): string {
  return name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '')
    .slice(0, 60)
}
