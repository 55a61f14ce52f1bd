import type { ReportFormat } from './format.ts'
import * as all from './formats.ts'

/** Names of all formats. */
export type FormatId = (typeof all)[keyof typeof all]['id']

/** All formats, by name. */
export const formats: readonly ReportFormat<FormatId>[] = Object.values(all)
