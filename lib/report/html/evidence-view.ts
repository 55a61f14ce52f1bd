import type { Evidence } from '../../conformance/verdict.ts'
import { relativeLink } from './link.ts'

/** One piece of evidence as the page shows it; bounded, so that the page stays small whatever was observed. */
export type EvidenceView =
  | {
      readonly kind: 'table'
      readonly name: string
      readonly columns: readonly string[]
      readonly rows: readonly (readonly string[])[]
      readonly note: string
    }
  | { readonly kind: 'json'; readonly name: string; readonly text: string; readonly note: string }
  | { readonly kind: 'measurements'; readonly rows: readonly MeasurementView[]; readonly note: string }
  | {
      readonly kind: 'packets'
      readonly name: string
      readonly file: string
      readonly href: string | undefined
      readonly packets: number
      readonly summary: readonly string[]
      readonly note: string
    }

interface MeasurementView {
  readonly name: string
  readonly value: string
  readonly bound: string
}

const limits = { rows: 40, columns: 9, cellCharacters: 200, characters: 12_000, lines: 40, pieces: 60 }
const rest = 'the rest is in run.json'

/** What all evidence of a page may take together; counted in characters, spent by those who come first. */
export class PageBudget {
  #left: number
  constructor(characters = 3_000_000) {
    this.#left = characters
  }
  /** True if it was taken. */
  take(characters: number): boolean {
    if (characters > this.#left) return false
    this.#left -= characters
    return true
  }
}

export function viewEvidence(evidence: readonly Evidence[], budget: PageBudget): EvidenceView[] {
  const measurements = evidence.filter((piece) => piece.kind === 'measurement')
  const others = evidence.filter((piece) => piece.kind !== 'measurement')
  const views: EvidenceView[] = others.slice(0, limits.pieces).map((piece) => {
    const view = piece.kind === 'packets' ? packetsView(piece) : observationView(piece)
    return budget.take(JSON.stringify(view).length)
      ? view
      : {
          kind: 'json',
          name: piece.name,
          text: '',
          note: 'left out to keep this page small; it is in run.json',
        }
  })
  if (measurements.length > 0) {
    views.unshift({
      kind: 'measurements',
      rows: measurements.slice(0, 200).map(({ name, value, unit, bound }) => ({
        name: clip(name),
        value: withUnit(value, unit),
        bound: bound === undefined ? '' : withUnit(bound, unit),
      })),
      note: more(measurements.length, 200, 'measurements'),
    })
  }
  if (others.length > limits.pieces) {
    views.push({ kind: 'json', name: 'more', text: '', note: more(others.length, limits.pieces, 'pieces') })
  }
  return views
}

function observationView(piece: Extract<Evidence, { kind: 'observation' }>): EvidenceView {
  const { name, data } = piece
  if (Array.isArray(data) && data.length > 0) {
    const table = tableOf(data)
    if (table !== undefined) return { kind: 'table', name, ...table }
  }
  if (isFlat(data)) {
    const entries = Object.entries(data)
    if (entries.length > 0) {
      const rows = entries.slice(0, limits.rows).map(([key, value]) => [clip(key), cell(value)])
      return { kind: 'table', name, columns: [], rows, note: more(entries.length, limits.rows, 'entries') }
    }
  }
  const text = typeof data === 'string' ? data : (JSON.stringify(data, null, 2) ?? 'undefined')
  const note =
    text.length > limits.characters ? `first ${limits.characters} of ${text.length} characters; ${rest}` : ''
  return { kind: 'json', name, text: text.slice(0, limits.characters), note }
}

/** Rows of flat objects with few keys are a table. */
function tableOf(
  data: readonly unknown[],
): { columns: string[]; rows: string[][]; note: string } | undefined {
  const shown = data.slice(0, limits.rows)
  if (!shown.every(isFlat)) return undefined
  const columns = [...new Set(shown.flatMap((row) => Object.keys(row)))]
  if (columns.length === 0 || columns.length > limits.columns) return undefined
  const rows = shown.map((row) => columns.map((column) => cell(row[column])))
  return { columns: columns.map(clip), rows, note: more(data.length, limits.rows, 'rows') }
}

/** An object of scalars, or of short lists of scalars. */
function isFlat(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  return Object.values(value).every(
    (entry) =>
      typeof entry !== 'object' ||
      entry === null ||
      (Array.isArray(entry) &&
        entry.length <= 8 &&
        entry.every((inner) => typeof inner !== 'object' || inner === null)),
  )
}

function cell(value: unknown): string {
  if (value === undefined) return ''
  if (typeof value === 'string') return clip(value)
  return clip(
    Array.isArray(value) ? value.map((entry) => String(entry)).join(', ') : (JSON.stringify(value) ?? ''),
  )
}

function packetsView(piece: Extract<Evidence, { kind: 'packets' }>): EvidenceView {
  return {
    kind: 'packets',
    name: piece.name,
    file: piece.file,
    href: relativeLink(piece.file),
    packets: piece.packets,
    summary: piece.summary.slice(0, limits.lines).map(clip),
    note: piece.summary.length > limits.lines ? more(piece.summary.length, limits.lines, 'lines') : '',
  }
}

function withUnit(value: number, unit: string): string {
  if (!Number.isFinite(value)) return 'could not be measured'
  const figure = Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(6)))
  return unit === '' ? figure : `${figure} ${unit}`
}

function clip(text: string): string {
  return text.length > limits.cellCharacters ? `${text.slice(0, limits.cellCharacters - 1)}…` : text
}

function more(total: number, shown: number, what: string): string {
  return total > shown ? `${shown} of ${total} ${what} shown; ${rest}` : ''
}
