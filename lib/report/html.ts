import { createHash } from 'node:crypto'
import { Eta } from 'eta'
import type { RunRecord } from '../conformance/run-record.ts'
import { fileFormat } from './format.ts'
import { pageModel } from './html/page-model.ts'
import { script } from './html/script.ts'
import { pageStyle } from './html/style.ts'
import * as template from './html/template.ts'
import { outcomes } from './outcome.ts'
import { escapeMarkup } from '../printable.ts'
import { redactValue } from '../redact-value.ts'

const eta = new Eta({ escapeFunction: escapeMarkup, autoTrim: false })
for (const [name, text] of Object.entries(template)) eta.loadTemplate(`@${name}`, text)

const scriptHash = createHash('sha256').update(script).digest('base64')

/** For whoever wants to know in a minute what is broken, where and why. */
export const html = fileFormat({
  id: 'html',
  name: 'HTML',
  describe: 'one page that opens offline',
  file: 'conformance.html',
  render: renderHtml,
})

/**
 * The run as one HTML page that needs nothing else: no request leaves it (its content security policy forbids
 * any), it can be read without scripts, and it stays small whatever was observed.
 */
export function renderHtml(record: RunRecord): string {
  const model = pageModel(redactValue(record))
  return eta.render('@reportPage', {
    ...model,
    style: pageStyle,
    script,
    scriptHash,
    symbol: outcomes[model.tone].symbol,
    prose,
  })
}

/** Escaped text in which what stands between backticks is code. */
function prose(text: string): string {
  return escapeMarkup(text).replace(/`([^`\n]+)`/g, '<code>$1</code>')
}
