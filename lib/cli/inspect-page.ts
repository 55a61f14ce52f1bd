import { LedgerRows } from '../packet/ledger-rows.ts'
import type { EspRow, FlowRow, InnerFlowRow, VxlanRow } from '../packet/ledger-report.ts'
import type { Inspection } from './inspect-input.ts'
import type { Style } from './terminal.ts'
import { unknownLinkType } from './unknown-link-type.ts'

export interface PageOptions {
  /** Every flow, not only the largest. */
  readonly all: boolean
  readonly paint: Style
}

const LARGEST_FLOWS = 20
const LARGEST_INNER_FLOWS = 5

type Cell = string | number
type Align = 'left' | 'right'

/** The page of one capture, line by line. */
export function* pageLines(inspection: Inspection, options: PageOptions): Generator<string> {
  const { paint } = options
  const rows = new LedgerRows(inspection.ledger)
  yield* headLines(inspection, rows, paint)
  yield* troubleLines(inspection, rows.truncated(inspection.summary), paint)
  yield* vxlanLines([...rows.vxlan()], options, paint)
  yield* espLines([...rows.esp()], paint)
  yield* flowLines(rows, options, paint)
}

function* headLines(
  { file, ledger, summary, compressed }: Inspection,
  rows: LedgerRows,
  paint: Style,
): Generator<string> {
  const [first, last] = rows.times()
  const kind = `${summary.format}${compressed ? ' in gzip' : ''}, ${summary.byteOrder}`
  yield `${paint.bold(file === '-' ? 'standard input' : file)}  ${paint.dim(kind)}`
  const duration =
    ledger.lastSeconds - ledger.firstSeconds + (ledger.lastNanoseconds - ledger.firstNanoseconds) / 1e9
  const span = first === null || last === null ? '' : ` in ${duration.toFixed(3)} s`
  yield `${counted(ledger.packets, 'packet')}, ${counted(ledger.bytes, 'byte')}${span}`
  if (first !== null && last !== null) yield `${first} to ${last}`
}

function* troubleLines(
  { ledger }: Inspection,
  truncated: string | undefined,
  paint: Style,
): Generator<string> {
  if (truncated !== undefined) yield paint.red(`truncated: ${truncated}`)
  for (const [type, packets] of ledger.unknownLinkTypes) yield paint.red(unknownLinkType(type, packets))
  if (ledger.malformed > 0) yield paint.yellow(`${counted(ledger.malformed, 'packet')} malformed`)
  if (ledger.outerFragments > 0) {
    yield paint.yellow(
      `${counted(ledger.outerFragments, 'outer fragment')}: datagrams larger than the MTU of this wire`,
    )
  }
}

function* vxlanLines(networks: VxlanRow[], { all }: PageOptions, paint: Style): Generator<string> {
  if (networks.length === 0) return
  yield ''
  yield paint.bold('VXLAN')
  const heading: Cell[] = [
    'VNI',
    'outer source',
    '',
    'outer destination',
    'port',
    'packets',
    'bytes',
    'largest IP',
  ]
  const align: Align[] = ['right', 'left', 'left', 'left', 'right', 'right', 'right', 'right']
  const outer = networks.map((row): Cell[] => [
    String(row.vni),
    row.outerSource,
    '→',
    row.outerDestination,
    String(row.port),
    row.packets,
    row.bytes,
    row.largestOuterIpBytes,
  ])
  const [head = '', ...lines] = table([heading, ...outer], align)
  const inner = networks.map((row) => (all ? row.innerFlows : row.innerFlows.slice(0, LARGEST_INNER_FLOWS)))
  const innerText = innerLines(inner.flat())
  yield paint.dim(head)
  let at = 0
  for (const [index, network] of networks.entries()) {
    const shown = inner[index]?.length ?? 0
    yield lines[index] ?? ''
    yield* innerText.slice(at, at + shown)
    at += shown
    const left = network.innerFlows.length - shown
    if (left > 0) yield paint.dim(`        and ${counted(left, 'smaller inner flow')} (--all lists them)`)
  }
}

function innerLines(flows: InnerFlowRow[]): string[] {
  const cells = flows.map((flow): Cell[] => [
    flow.source,
    '→',
    flow.destination,
    String(flow.protocol),
    flow.packets,
    flow.bytes,
  ])
  return table(cells, ['left', 'left', 'left', 'left', 'right', 'right'], 8)
}

function* espLines(associations: EspRow[], paint: Style): Generator<string> {
  if (associations.length === 0) return
  yield ''
  yield paint.bold('ESP')
  const heading: Cell[] = [
    'SPI',
    'source',
    '',
    'destination',
    'packets',
    'bytes',
    'first',
    'last',
    'missing',
    'repeated',
  ]
  const right: Align[] = ['right', 'right', 'right', 'right', 'right', 'right']
  const cells = associations.map((row): Cell[] => [
    row.spi,
    row.source,
    '→',
    row.destination,
    row.packets,
    row.bytes,
    row.firstSequence,
    row.lastSequence,
    row.missing,
    row.duplicates,
  ])
  const [head = '', ...lines] = table([heading, ...cells], ['left', 'left', 'left', 'left', ...right])
  yield paint.dim(head)
  for (const [index, row] of associations.entries()) {
    const line = lines[index] ?? ''
    yield row.missing > 0 || row.duplicates > 0 ? paint.yellow(line) : line
  }
}

function* flowLines(rows: LedgerRows, { all }: PageOptions, paint: Style): Generator<string> {
  const count = rows.flowCount
  if (count === 0) return
  const shown: FlowRow[] = []
  for (const row of rows.flows()) {
    if (shown.length === LARGEST_FLOWS && !all) break
    shown.push(row)
  }
  yield ''
  yield `${paint.bold('Flows')}${shown.length < count ? paint.dim(`  the ${shown.length} largest of ${grouped(count)} (--all lists them)`) : ''}`
  const heading: Cell[] = ['protocol', 'source', '', 'destination', 'packets', 'bytes']
  const cells = shown.map((row): Cell[] => [
    String(row.protocol),
    endpoint(row.source, row.sourcePort),
    '→',
    endpoint(row.destination, row.destinationPort),
    row.packets,
    row.bytes,
  ])
  const [head = '', ...lines] = table([heading, ...cells], ['left', 'left', 'left', 'left', 'right', 'right'])
  yield paint.dim(head)
  yield* lines
}

function endpoint(address: string, port: number | null): string {
  if (port === null) return address
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}

/** Numbers are grouped; cells are as wide as the widest of their column. */
function table(rows: readonly Cell[][], align: readonly Align[], indent = 2): string[] {
  const texts = rows.map((row) => row.map((cell) => (typeof cell === 'number' ? grouped(cell) : cell)))
  const widths = align.map((_, column) =>
    texts.reduce((width, row) => Math.max(width, row[column]?.length ?? 0), 0),
  )
  return texts.map((row) => {
    const cells = row.map((text, column) =>
      align[column] === 'right' ? text.padStart(widths[column] ?? 0) : text.padEnd(widths[column] ?? 0),
    )
    return `${' '.repeat(indent)}${cells.join('  ')}`.trimEnd()
  })
}

const grouped = (value: number): string => String(value).replace(/\B(?=(\d{3})+$)/g, ',')

const counted = (count: number, noun: string): string => `${grouped(count)} ${noun}${count === 1 ? '' : 's'}`
