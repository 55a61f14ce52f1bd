import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { canaryFilter } from './canary.ts'
import { datagram, hosts, ip } from './keep/frames.fake.ts'
import { KeepPolicy } from './keep/keep-policy.ts'
import { Recorder } from './recorder.ts'

const nonce = 'a0a1a2a3a4a5a6a7a8a9aaabacadaeaf'
const canary = Buffer.from(`5254000002015254000002` + `0188b573777063${nonce}${'00'.repeat(26)}`, 'hex')
const arp = Buffer.from(
  'ffffffffffff52540000020108060001080006040001525400000201c0a8380b000000000000c0a8380c',
  'hex',
)

const header = Buffer.alloc(24)
header.writeUInt32LE(0xa1b2c3d4, 0)
header.writeUInt16LE(2, 4)
header.writeUInt16LE(4, 6)
header.writeUInt32LE(262_144, 16)
header.writeUInt32LE(1, 20)

function record(frame: Buffer, seconds: number): Buffer {
  const head = Buffer.alloc(16)
  head.writeUInt32LE(seconds, 0)
  head.writeUInt32LE(250_000, 4)
  head.writeUInt32LE(frame.length, 8)
  head.writeUInt32LE(frame.length, 12)
  return Buffer.concat([head, frame])
}

const stream = Buffer.concat([
  header,
  record(canary, 1_700_000_000),
  record(arp, 1_700_000_001),
  record(canary, 1_700_000_002),
  record(arp, 1_700_000_003),
])

describe('recorder', () => {
  it('keeps packets with their places in what is stored, and takes the canaries out', () => {
    const recorder = new Recorder(1000)
    recorder.push(stream)
    recorder.end()
    const packets = recorder.packets(undefined)
    expect(packets.map(({ number }) => number)).to.deep.equal([1, 2])
    expect(packets[0]?.layers.map(({ protocol }) => protocol)).to.deep.equal(['ethernet', 'arp'])
    expect(packets[0]?.timestamp).to.deep.equal({
      seconds: 1_700_000_001,
      nanoseconds: 250_000_000,
      digits: 6,
    })
    expect(recorder.trouble).to.equal(undefined)
  })

  it('calls back for a canary however the stream is cut, once, with the time of the first', () => {
    for (let size = 1; size < 60; size += 1) {
      const recorder = new Recorder(1000)
      let calls = 0
      recorder.onCanary(nonce, () => (calls += 1))
      for (let at = 0; at < stream.length; at += size) recorder.push(stream.subarray(at, at + size))
      expect(calls, `chunks of ${size}`).to.equal(1)
      expect(recorder.canarySeenAt(nonce)).to.equal('2023-11-14T22:13:20.250Z')
      expect(recorder.packets(undefined)).to.have.lengthOf(2)
    }
  })

  it('does not take the canary of another capture for its own', () => {
    const recorder = new Recorder(1000)
    recorder.onCanary('00'.repeat(16), () => expect.fail('called'))
    recorder.push(stream)
    expect(recorder.canarySeenAt('00'.repeat(16))).to.equal(undefined)
  })

  it('says that a stream was cut off, at whatever length', () => {
    const whole = [24, 24 + 76, 24 + 76 + 58, 24 + 2 * 76 + 58, stream.length]
    for (let length = 0; length <= stream.length; length += 1) {
      const recorder = new Recorder(1000)
      if (length > 0) recorder.push(stream.subarray(0, length))
      recorder.end()
      if (whole.includes(length)) expect(recorder.trouble, `${length} bytes`).to.equal(undefined)
      else expect(recorder.trouble, `${length} bytes`).to.be.a('string')
    }
  })

  it('says when it could not keep everything, and goes on telling canaries', () => {
    const recorder = new Recorder(50)
    recorder.push(stream)
    expect(recorder.trouble).to.contain('more than 50 bytes')
    expect(recorder.packets(undefined)).to.have.lengthOf(1)
    recorder.onCanary('11'.repeat(16), () => undefined)
    recorder.push(
      record(Buffer.from(canary.toString('hex').replace(nonce, '11'.repeat(16)), 'hex'), 1_700_000_004),
    )
    expect(recorder.canarySeenAt('11'.repeat(16))).to.be.a('string')
  })

  it('makes a file of what its policy keeps and of canaries, which tcpdump reads', function () {
    const esp = ip(50, Buffer.concat([Buffer.from('0000100100000007', 'hex'), Buffer.alloc(80, 0x41)]))
    const cookie = datagram(Buffer.from('session=of-a-customer'), hosts)
    const recorder = new Recorder(1000, new KeepPolicy({ dataPathPort: 4789, networks: [] }))
    recorder.onCanary(nonce, () => undefined)
    recorder.push(Buffer.concat([stream, record(esp, 1_700_000_004), record(cookie, 1_700_000_005)]))
    recorder.end()
    const file = recorder.takeFile()
    expect(
      recorder.packets(undefined).map(({ capturedBytes, originalBytes }) => [capturedBytes, originalBytes]),
    ).to.deep.equal([[42, esp.length]])
    expect(recorder.passedOver).to.deep.equal({ 'without an IP header': 2, 'UDP of others': 1 })
    expect(Buffer.from(file).includes('session')).to.equal(false)
    expect(recorder.takeFile().byteLength, 'taken once').to.equal(0)
    if (spawnSync('tcpdump', ['-h']).error !== undefined) return this.skip()
    const folder = mkdtempSync(join(tmpdir(), 'swp-test-'))
    try {
      writeFileSync(join(folder, 'kept.pcap'), file)
      const { stdout } = spawnSync('tcpdump', ['-nn', '-r', join(folder, 'kept.pcap')], { encoding: 'utf8' })
      expect(stdout.match(/^\d\d:\d\d:/gm)).to.have.lengthOf(2)
      expect(stdout.match(/0x88b5/g)).to.have.lengthOf(1)
      expect(stdout).to.contain('IP 192.0.2.1 > 192.0.2.2:')
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it('keeps nothing of canaries that nobody sent, of which a neighbour may send any number', () => {
    const long = (word: string) => Buffer.concat([canary, Buffer.from(word.repeat(100))])
    const strange = Buffer.from(long('cookie').toString('hex').replace(nonce, '22'.repeat(16)), 'hex')
    const recorder = new Recorder(1000, new KeepPolicy({ dataPathPort: 4789, networks: [] }))
    recorder.onCanary(nonce, () => undefined)
    recorder.push(header)
    for (let turn = 0; turn < 100; turn += 1) recorder.push(record(strange, 1_700_000_000))
    recorder.push(Buffer.concat([record(long('session'), 1_700_000_001), record(canary, 1_700_000_002)]))
    const file = Buffer.from(recorder.takeFile())
    expect(file.byteLength).to.equal(24 + 16 + 64)
    expect(file.includes('cookie') || file.includes('session')).to.equal(false)
    expect(recorder.canarySeenAt('22'.repeat(16))).to.equal(undefined)
  })

  it('says that what it got is no capture', () => {
    const recorder = new Recorder(1000)
    recorder.push(Buffer.from('sh: 1: tcpdump: not found\n'))
    expect(recorder.trouble).to.contain('not a capture')
  })
})

describe('canary filter', () => {
  it('agrees with what the recorder looks for', () => {
    expect(canaryFilter)
      .to.contain('0x88b5')
      .and.to.contain(`0x${canary.subarray(14, 18).toString('hex')}`)
  })
})
