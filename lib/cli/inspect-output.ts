import { flowLines } from '../packet/flow-lines.ts'
import { LedgerRows } from '../packet/ledger-rows.ts'
import { redactValue } from '../redact-value.ts'
import type { Inspection } from './inspect-input.ts'
import { stderr, stdout } from './output.ts'
import { unknownLinkType } from './unknown-link-type.ts'

/** Prints the ledger as one JSON object, a row to a line, without holding it as one string. */
export async function printJson(inspection: Inspection): Promise<void> {
  await print(jsonParts(inspection))
  for (const [linkType, packets] of inspection.ledger.unknownLinkTypes) {
    stderr.write(`${unknownLinkType(linkType, packets)}\n`)
  }
}

/** Prints the page for people, in colours if they see it on a terminal and do not mind. */
export async function printPage(inspection: Inspection, all: boolean): Promise<void> {
  const { pageLines } = await import('./inspect-page.ts')
  const { style } = await import('./terminal.ts')
  await print(lines(pageLines(inspection, { all, paint: style(stdout) })))
}

export function* jsonParts({ file, ledger, summary }: Inspection): Generator<string> {
  const rows = new LedgerRows(ledger)
  const [firstTimestamp, lastTimestamp] = rows.times()
  const head = {
    file,
    format: summary.format,
    packets: ledger.packets,
    bytes: ledger.bytes,
    truncated: rows.truncated(summary) ?? false,
    malformed: ledger.malformed,
    firstTimestamp,
    lastTimestamp,
  }
  yield '{\n'
  // Of all there is to print, names and numbers, the path alone is anybody's text.
  for (const [key, value] of Object.entries(redactValue(head)))
    yield `  "${key}": ${JSON.stringify(value)},\n`
  yield* jsonArray('vxlan', rows.vxlan())
  yield* jsonArray('esp', rows.esp())
  if (rows.flowCount === 0) yield '  "flows": [],\n'
  else {
    yield '  "flows": [\n    '
    yield* flowLines(rows, ',\n    ')
    yield '\n  ],\n'
  }
  yield `  "outerFragments": ${ledger.outerFragments}\n}\n`
}

/** A row to a line. */
function* jsonArray(key: string, rows: Iterable<object>): Generator<string> {
  yield `  "${key}": [`
  let separator = '\n    '
  for (const row of rows) {
    yield separator + JSON.stringify(row)
    separator = ',\n    '
  }
  yield separator.startsWith(',') ? '\n  ],\n' : '],\n'
}

function* lines(texts: Iterable<string>): Generator<string> {
  for (const text of texts) yield `${text}\n`
}

const CHUNK_CHARACTERS = 64 * 1024

/** Waits while the reader is slow; stops once it has gone (`| head`). */
async function print(parts: Iterable<string>): Promise<void> {
  let chunk = ''
  for (const part of parts) {
    chunk += part
    if (chunk.length < CHUNK_CHARACTERS) continue
    if (!(await stdout.deliverPart(chunk))) return
    chunk = ''
  }
  await stdout.deliverPart(chunk)
}
