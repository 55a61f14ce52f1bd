import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import type { CapturePoint } from '../capture/capture.ts'
import { onlyOwn } from './own-traffic.ts'

const point = { interface: 'eth0', direction: 'both' } as CapturePoint

/** Ethernet, IPv4, UDP, VXLAN header; nothing inside. */
function frame(port: number, vni: number): Buffer {
  const bytes = Buffer.alloc(14 + 20 + 8 + 8 + 14)
  bytes.writeUInt16BE(0x0800, 12)
  bytes.writeUInt8(0x45, 14)
  bytes.writeUInt16BE(bytes.length - 14, 16)
  bytes.writeUInt8(64, 22)
  bytes.writeUInt8(17, 23)
  bytes.writeUInt16BE(40_000, 34)
  bytes.writeUInt16BE(port, 36)
  bytes.writeUInt16BE(bytes.length - 34, 38)
  bytes.writeUInt32BE(0x0800_0000, 42)
  bytes.writeUInt32BE(vni * 256, 46)
  return bytes
}

function pcap(frames: readonly Buffer[]): Buffer {
  const head = Buffer.alloc(24)
  head.writeUInt32LE(0xa1b2c3d4)
  head.writeUInt16LE(2, 4)
  head.writeUInt16LE(4, 6)
  head.writeUInt32LE(65_535, 16)
  head.writeUInt32LE(1, 20)
  const records = frames.map((bytes) => {
    const record = Buffer.alloc(16)
    record.writeUInt32LE(bytes.length, 8)
    record.writeUInt32LE(bytes.length, 12)
    return Buffer.concat([record, bytes])
  })
  return Buffer.concat([head, ...records])
}

describe('onlyOwn', () => {
  it('lets tcpdump take VXLAN of our networks and whatever is no VXLAN', () => {
    const folder = mkdtempSync(join(tmpdir(), 'swp-own-'))
    try {
      const file = join(folder, 'in.pcap')
      writeFileSync(file, pcap([frame(4789, 4097), frame(4789, 4098), frame(4789, 5000), frame(7946, 5000)]))
      const { filter = '' } = onlyOwn(
        { ...point, filter: 'udp port 4789 or udp port 7946' },
        { dataPathPort: 4789, vnis: [4097, 4098] },
      )
      const seen = execFileSync('tcpdump', ['-nr', file, '-w', '-', filter], {
        stdio: ['ignore', 'pipe', 'ignore'],
      })
      expect((seen.length - 24) / (16 + frame(1, 1).length)).to.equal(3)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it('leaves captures inside a namespace alone, and filters one that has no filter', () => {
    const inside = { ...point, namespace: '/run/docker/netns/1-abc' }
    const own = { dataPathPort: 4789, vnis: [] }
    expect(onlyOwn(inside, own)).to.equal(inside)
    expect(onlyOwn(point, own).filter).to.equal('(not udp port 4789)')
  })
})
