import { AsciiText, asciiOf } from './ascii-text.ts'
import type { LedgerRows } from './ledger-rows.ts'
import { HAS_PORTS } from './ledger-tables.ts'
import { rowsByBytes } from './rows-by-bytes.ts'

const PROTOCOL = asciiOf('{"protocol":')
const SOURCE = asciiOf(',"source":"')
const SOURCE_PORT = asciiOf('","sourcePort":')
const DESTINATION = asciiOf(',"destination":"')
const DESTINATION_PORT = asciiOf('","destinationPort":')
const PACKETS = asciiOf(',"packets":')
const BYTES = asciiOf(',"bytes":')
const END = asciiOf('}')
const NULL = asciiOf('null')

/**
 * The flows as `JSON.stringify` would write each of `rows.flows()`, joined by `separator`; in pieces of many rows. No
 * text in them needs escaping.
 */
export function* flowLines(rows: LedgerRows, separator: string): Generator<string> {
  const { flows, beyondLimit } = rows.ledger
  const text = new AsciiText()
  const between = asciiOf(separator)
  let isFirst = true
  for (const row of rowsByBytes(flows)) {
    if (!isFirst) text.put(between)
    isFirst = false
    const kind = flows.word(row, 3)
    const ports = flows.word(row, 2)
    const hasPorts = (kind & HAS_PORTS) !== 0
    text.put(PROTOCOL)
    text.put(rows.protocolJson(kind))
    text.put(SOURCE)
    text.put(rows.addressAscii(kind & 3, flows.word(row, 0)))
    text.put(SOURCE_PORT)
    if (hasPorts) text.putNumber(ports >>> 16)
    else text.put(NULL)
    text.put(DESTINATION)
    text.put(rows.addressAscii(kind & 3, flows.word(row, 1)))
    text.put(DESTINATION_PORT)
    if (hasPorts) text.putNumber(ports & 0xffff)
    else text.put(NULL)
    text.put(PACKETS)
    text.putNumber(flows.packets(row))
    text.put(BYTES)
    text.putNumber(flows.bytes(row))
    text.put(END)
    if (text.isFull) yield text.take()
  }
  yield text.take()
  if (beyondLimit.packets > 0) yield `${isFirst ? '' : separator}${JSON.stringify(rows.beyond())}`
}
