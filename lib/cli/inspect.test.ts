import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect } from 'chai'
import { InputError } from '../error.ts'
import { fixtureBytes, fixtureNames, fixturePath } from '../packet/fixture.fake.ts'
import { CaptureReader } from '../packet/capture-reader.ts'
import type { LedgerReport } from '../packet/ledger-report.ts'
import { LedgerRows } from '../packet/ledger-rows.ts'
import { FlowLedger } from '../packet/ledger.ts'
import { inspectCommand } from './inspect.ts'
import { readLedger } from './inspect-input.ts'
import { parseFilters, parsePort } from './inspect-options.ts'
import { jsonParts } from './inspect-output.ts'
import { pageLines } from './inspect-page.ts'
import { paintMark, style } from './terminal.ts'

const swarm = fixturePath('swarm.pcap')

async function refusal(work: () => unknown): Promise<InputError> {
  try {
    await work()
  } catch (error) {
    if (error instanceof InputError) return error
    throw error
  }
  throw new Error('was accepted')
}

async function json(
  file: string,
  vxlanPorts?: readonly number[],
  filter?: ReturnType<typeof parseFilters>,
): Promise<LedgerReport> {
  return JSON.parse([...jsonParts(await readLedger(file, vxlanPorts, filter))].join('')) as LedgerReport
}

describe('swarmproof inspect', () => {
  let folder = ''
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'swarmproof-inspect-'))
  })
  after(() => rmSync(folder, { recursive: true }))
  const write = (name: string, bytes: Uint8Array | string): string => {
    const file = join(folder, name)
    writeFileSync(file, bytes)
    return file
  }

  it('prints exactly the keys that are promised', async () => {
    const report = await json(swarm)
    expect(Object.keys(report)).to.deep.equal([
      ...['file', 'format', 'packets', 'bytes', 'truncated', 'malformed', 'firstTimestamp', 'lastTimestamp'],
      ...['vxlan', 'esp', 'flows', 'outerFragments'],
    ])
    expect(Object.keys(report.vxlan[0] ?? {})).to.deep.equal([
      ...[
        'vni',
        'outerSource',
        'outerDestination',
        'port',
        'packets',
        'bytes',
        'largestOuterIpBytes',
        'innerFlows',
      ],
    ])
    expect(Object.keys(report.esp[0] ?? {})).to.deep.equal([
      ...[
        'spi',
        'source',
        'destination',
        'packets',
        'bytes',
        'firstSequence',
        'lastSequence',
        'missing',
        'duplicates',
      ],
    ])
    expect(Object.keys(report.flows[0] ?? {})).to.deep.equal([
      ...['protocol', 'source', 'sourcePort', 'destination', 'destinationPort', 'packets', 'bytes'],
    ])
    expect(report).to.include({ file: swarm, packets: 192, truncated: false })
    const { ledger, summary } = await readLedger(swarm)
    expect(report).to.deep.equal(new LedgerRows(ledger).report(swarm, summary))
  })

  it('prints rows as JSON.stringify does, byte by byte, also of what is cut off', async () => {
    for (const name of fixtureNames)
      for (const share of [1, 0.7, 0.3, 0.01]) {
        const bytes = fixtureBytes(name)
        const cut = write('cut.pcap', bytes.subarray(0, Math.max(24, Math.floor(share * bytes.length))))
        const inspection = await readLedger(cut)
        const text = [...jsonParts(inspection)].join('')
        const { vxlan, esp, flows } = new LedgerRows(inspection.ledger).report(cut, inspection.summary)
        for (const [key, rows] of Object.entries({ vxlan, esp, flows })) {
          const lines = rows.map((row) => `\n    ${JSON.stringify(row)}`).join(',')
          expect(text).to.contain(`\n  "${key}": [${lines === '' ? '' : `${lines}\n  `}],\n`)
        }
      }
  })

  it('prints the row of what found none in its place', async () => {
    const ledger = new FlowLedger({ largestTableRows: 3 })
    const reader = new CaptureReader(ledger)
    reader.push(fixtureBytes('swarm.pcap'))
    const inspection = { file: 'x', ledger, summary: reader.end(), compressed: false }
    const { flows } = JSON.parse([...jsonParts(inspection)].join('')) as LedgerReport
    expect(flows).to.have.lengthOf(4)
    expect(flows).to.deep.equal([...new LedgerRows(ledger).flows()])
  })

  it('prints JSON that can be read, without keys, also of a file that is called like one', async () => {
    for (const [name, shown] of [
      ['-----BEGIN PRIVATE KEY-----.pcap', '(redacted private key)'],
      ['SWMTKN-1-3pu6-1awx.pcap', 'SWMTKN-(redacted).pcap'],
    ] as const)
      expect((await json(write(name, fixtureBytes('swarm.pcap')))).file).to.equal(join(folder, shown))
  })

  it('reads gzip as if it were not', async () => {
    const packed = write('swarm.pcap.gz', gzipSync(fixtureBytes('swarm.pcap')))
    expect({ ...(await json(packed)), file: '' }).to.deep.equal({ ...(await json(swarm)), file: '' })
  })

  it('filters by network, association and address', async () => {
    const only = async (...filters: string[]): Promise<LedgerReport> =>
      json(swarm, undefined, parseFilters(filters))
    expect((await only('vni=4097')).packets).to.equal(24)
    expect((await only('spi=0xC60BC1F5')).esp).to.have.lengthOf(1)
    expect((await only('vni=4097', 'address=10.91.1.2')).packets).to.equal(10)
    expect((await only('address=FE80:0::5054:ff:fe00:202')).packets).to.be.greaterThan(3)
    expect(await only('vni=1')).to.include({ packets: 0, firstTimestamp: null })
  })

  it('looks for VXLAN on the ports it is told', async () => {
    const netns = fixturePath('netns.pcap')
    expect((await json(netns)).vxlan.every((row) => row.vni === 0xffffff)).to.equal(true)
    const both = await json(netns, [4789, 8472])
    expect(new Set(both.vxlan.map((row) => row.vni))).to.deep.equal(new Set([42, 0xffffff]))
  })

  it('tells a truncated capture as far as it goes, and says so', async () => {
    const file = write('cut.pcap', fixtureBytes('swarm.pcap').subarray(0, 30_000))
    const report = await json(file)
    expect(report.packets).to.be.within(50, 190)
    expect(report.truncated).to.be.a('string').that.contains('then the file ends')
    expect([...pageLines(await readLedger(file), { all: false, paint: style({}) })].join('\n')).to.contain(
      'truncated: ',
    )
  })

  it('refuses what cannot be read, and says what it is', async () => {
    const message = async (file: string): Promise<string> => (await refusal(() => readLedger(file))).message
    expect(await message(join(folder, 'none.pcap'))).to.contain('there is no such file')
    expect(await message(folder)).to.contain('is a directory')
    expect(await message(write('empty.pcap', ''))).to.contain('nothing, it is empty')
    expect(await message(write('notes.txt', 'not a capture\n'))).to.contain(
      'text that starts "not a capture"',
    )
    expect(await message(write('text.gz', gzipSync('hello there')))).to.contain(
      'text that starts "hello there"',
    )
    const locked = write('locked.pcap', fixtureBytes('cooked.pcap'))
    chmodSync(locked, 0)
    if (process.getuid?.() !== 0) expect(await message(locked)).to.contain('you may not read it')
  })

  it('refuses options that mean nothing, and says what would', async () => {
    const filter = async (...texts: string[]): Promise<string> =>
      (await refusal(() => parseFilters(texts))).message
    expect(await filter('vni')).to.contain('key=value')
    expect(await filter('vni=16777216')).to.contain('a VNI from 0 to 16777215')
    expect(await filter('spi=0x123456789')).to.contain('an SPI of 32 bits')
    expect(await filter('address=10.0.0.300')).to.contain('one IPv4 or IPv6 address')
    expect(await filter('port=80'))
      .to.contain("unknown filter 'port'")
      .and.contain('address, spi, vni')
    expect(await filter('vni=1', 'vni=2')).to.contain('can never both hold')
    for (const port of ['0', '65536', 'x', '']) {
      expect((await refusal(() => parsePort(port))).message).to.contain('a number from 1 to 65535')
    }
  })

  it('shows a page with aligned columns, coloured only when asked', async () => {
    const inspection = await readLedger(swarm)
    const lines = [...pageLines(inspection, { all: false, paint: style({}) })]
    const page = lines.join('\n')
    expect(page).to.contain('192 packets, 66,526 bytes in 12.292 s')
    expect(page).to.contain('12 outer fragments')
    expect(page).to.match(/^ {2}4097 {2}192\.168\.56\.11 {2}→ {2}192\.168\.56\.12 +4789 +12 +5,879 +1,500$/m)
    expect(page).to.contain('the 20 largest of 35')
    const flows = lines.slice(lines.findIndex((line) => line.startsWith('Flows')) + 2)
    expect(new Set(flows.map((line) => line.indexOf('→'))).size).to.equal(1)
    expect(page).to.not.contain('\x1b')
    expect(
      [...pageLines(inspection, { all: true, paint: style({ isTTY: true }, {}) })].join('\n'),
    ).to.contain(`${paintMark}[1m`)
  })

  it('shows examples in its help', () => {
    let help = ''
    const command = inspectCommand().configureOutput({ writeOut: (text) => (help += text) })
    command.outputHelp()
    expect(help).to.contain('Examples:').and.contain('--filter vni=4097')
  })
})
