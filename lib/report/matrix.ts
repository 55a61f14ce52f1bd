import type { LabRecord, RequirementRecord, RunRecord } from '../conformance/run-record.ts'
import { summarizeRun } from '../conformance/run-record.ts'
import { fileFormat } from './format.ts'
import { repeats, requirementName, versionsOf } from './labs.ts'
import { outcomeOf, outcomeOrder, outcomes, type ShownOutcome, reasonOf } from './outcome.ts'
import { printable } from '../printable.ts'
import { redactValue } from '../redact-value.ts'

/** For comparing engines. */
export const matrixFormat = fileFormat({
  id: 'matrix',
  name: 'Matrix',
  describe: 'requirements by lab, where there are several',
  file: 'matrix.md',
  render: renderMatrix,
})

/**
 * Requirements down, labs or engines across: how a run compares them that verified the same on several. Markdown;
 * undefined where nothing was verified twice.
 */
export function renderMatrix(stored: RunRecord): string | undefined {
  if (!repeats(stored)) return undefined
  const record = redactValue(stored)
  const ids = [...new Set(record.requirements.map(({ id }) => id))]
  const found = (id: string, lab: LabRecord): RequirementRecord | undefined =>
    record.requirements.find((requirement) => requirement.id === id && requirement.lab === lab.name)
  const titles = record.labs.map((lab) =>
    plain(`${lab.name} (${versionsOf([lab], 'engineVersion').join(', ')})`),
  )
  const rows = ids.map((id) => {
    const cells = record.labs.map((lab) => {
      const requirement = found(id, lab)
      return requirement === undefined ? '' : word(outcomeOf(requirement), requirement.advisory)
    })
    return `| ${plain(id)} | ${cells.join(' | ')} |`
  })
  return [
    `| requirement | ${titles.join(' | ')} |`,
    `|---|${record.labs.map(() => '---|').join('')}`,
    ...rows,
    ...counts(record),
    '',
    ...reasons(record),
    '',
  ].join('\n')
}

function word(outcome: ShownOutcome, advisory: boolean): string {
  if (outcome === 'pass') return 'pass'
  const told = outcome === 'unreached' ? 'not reached' : outcome
  return advisory ? `**${told}** (advisory)` : `**${told}**`
}

function counts(record: RunRecord): string[] {
  const { counts: all } = summarizeRun(record)
  return outcomeOrder
    .filter((outcome) => all[outcome] > 0)
    .map((outcome) => {
      const cells = record.labs.map(
        ({ name }) =>
          record.requirements.filter((each) => each.lab === name && outcomeOf(each) === outcome).length,
      )
      return `| *${outcomes[outcome].word}* | ${cells.join(' | ')} |`
    })
}

/** Every verdict but pass, in a line or two. */
function reasons(record: RunRecord): string[] {
  return record.requirements
    .filter((requirement) => outcomeOf(requirement) !== 'pass')
    .map((requirement) => {
      const lines = reasonOf(requirement).split('\n')
      const shown = lines.length > 4 ? [...lines.slice(0, 3), `… ${lines.length - 3} more lines`] : lines
      return `- ${plain(requirementName(record, requirement))}, ${word(outcomeOf(requirement), requirement.advisory)}: ${plain(shown.join(' '))}`
    })
}

/** One line without meaning to Markdown or HTML. */
function plain(text: string): string {
  return printable(text)
    .replaceAll(/\s+/g, ' ')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll(/[*_|`~]/g, '\\$&')
}
