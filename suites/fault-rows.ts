import { appendFileSync, existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { InputError } from '../lib/error.ts'
import { makeOwnerFolder, ownerFile } from '../lib/owner-only.ts'
import { redactJsonText } from '../lib/redact-value.ts'
import type { FaultOutcome } from './seen-to-fail.ts'

/** What came of a fault on a lab, as it is stored. */
export interface FaultRow extends FaultOutcome {
  /** Name of the topology. */
  readonly lab: string
  /** Requirements it had to break there. */
  readonly breaks: readonly string[]
  /** Profile quick was not verified beside them. */
  readonly short?: true
  /** Of the swarmproof that saw it; absent outside a checkout. */
  readonly commit?: string
}

/** In the folder of reports. */
export const rowsFile = 'rows.ndjson'

/** Rows of faults, one line each, written as they fall: what was killed in the middle of one leaves all before it. */
export class FaultRows {
  readonly #file: string
  readonly #rows: FaultRow[]
  /** What is stored stays until something new is known. */
  #resumes: boolean

  /** @param resume goes on with what is stored there; it is begun again otherwise */
  constructor(folder: string, resume: boolean) {
    this.#file = join(folder, rowsFile)
    makeOwnerFolder(folder)
    this.#rows = resume && existsSync(this.#file) ? wholeRows(this.#file) : []
    this.#resumes = resume
  }

  get all(): readonly FaultRow[] {
    return this.#rows
  }

  /** One with profile quick does for one without it. */
  has({ fault, lab, breaks, short }: Pick<FaultRow, 'fault' | 'lab' | 'breaks' | 'short'>): boolean {
    return this.#rows.some(
      (row) =>
        row.fault === fault &&
        row.lab === lab &&
        row.breaks.join() === breaks.join() &&
        (short === true || row.short !== true),
    )
  }

  add(row: FaultRow): void {
    if (!this.#resumes) writeFileSync(this.#file, '', { mode: ownerFile })
    this.#resumes = true
    appendFileSync(this.#file, `${redactJsonText(JSON.stringify(row))}\n`, { mode: ownerFile })
    this.#rows.push(row)
  }
}

/** Puts rows beside those of a folder, in the place of rows of the same fault there. */
export function keepRows(folder: string, rows: readonly FaultRow[]): void {
  const file = join(folder, rowsFile)
  const keyOf = ({ fault, lab, breaks }: FaultRow): string => [fault, lab, ...breaks].join(' ')
  const kept = existsSync(file) ? readRows(readFileSync(file, 'utf8'), file) : []
  const all = new Map([...kept, ...rows].map((row) => [keyOf(row), row]))
  const sorted = [...all].sort(([one], [other]) => (one < other ? -1 : 1))
  writeFileSync(file, sorted.map(([, row]) => `${redactJsonText(JSON.stringify(row))}\n`).join(''))
}

/** Cuts off the row that was being written when the command was killed. */
function wholeRows(file: string): FaultRow[] {
  const text = readFileSync(file, 'utf8')
  const whole = text.slice(0, text.lastIndexOf('\n') + 1)
  const rows = readRows(whole, file)
  if (whole.length < text.length) truncateSync(file, Buffer.byteLength(whole))
  return rows
}

/** What is gone by of a row. */
const rowShape = z.looseObject({
  ...{ fault: z.string(), lab: z.string(), host: z.string(), seconds: z.number() },
  ...{ breaks: z.array(z.string()), fell: z.array(z.string()), failsAnyway: z.array(z.string()) },
  problems: z.array(z.string()),
  findings: z.array(z.looseObject({ code: z.string(), title: z.string() })),
})

/** Rows as they are stored. @throws InputError naming the line of the file that is none */
export function readRows(text: string, file: string): FaultRow[] {
  return text.split('\n').flatMap((line, index) => {
    if (line === '') return []
    try {
      return [rowShape.parse(JSON.parse(line)) as unknown as FaultRow]
    } catch {
      throw new InputError({
        code: 'ROWS_DAMAGED',
        what: `line ${index + 1} of ${file} is no row of a fault`,
        hint: 'take the line out, or begin again without --resume',
      })
    }
  })
}
