import { Argument, Command } from 'commander'
import { listsRequirements } from '../conformance/selection.ts'
import type { Suite } from '../conformance/suite.ts'
import type { ConformanceTest } from '../conformance/test.ts'
import { unknownName } from '../error.ts'
import { suites } from '../../suites/index.ts'
import { classText, sourceText } from './list.ts'
import { stdout } from './output.ts'
import { style, textWidth, wrap } from './terminal.ts'
import type { Style } from './terminal.ts'

const examples = `
Examples:
  swarmproof explain ENC-01          what it says, how it is verified, what breaks and what mends it
  swarmproof explain mtu-02          upper or lower case
  swarmproof explain ENC-01 --json   the same as JSON
  swarmproof list requirements       all ids`

export function explainCommand(): Command {
  return new Command('explain')
    .description('one requirement: its source, how it is verified, what usually breaks it, how to mend it')
    .addArgument(new Argument('<id>', 'a requirement such as ENC-01'))
    .option('--json', 'print JSON', false)
    .addHelpText('after', examples)
    .action((id: string, options: { json: boolean }) => {
      const found = findRequirement(suites, id)
      if (options.json) stdout.deliverJson(explainAsJson(found))
      else stdout.deliver(explainAsText(found, style(stdout), textWidth(stdout)))
    })
}

export interface FoundRequirement {
  readonly suite: Suite
  readonly test: ConformanceTest
}

/** By id, case ignored. Throws InputError with the ids that were perhaps meant, and how to list all. */
export function findRequirement(all: readonly Suite[], id: string): FoundRequirement {
  const every = all.flatMap((suite) => suite.tests.map((test) => ({ suite, test })))
  const found = every.find(({ test }) => test.id.toUpperCase() === id.trim().toUpperCase())
  if (found !== undefined) return found
  throw unknownName(
    'requirement',
    id,
    every.map(({ test }) => test.id),
    listsRequirements,
  )
}

export function explainAsJson({ suite, test }: FoundRequirement): unknown {
  const { id, requirement, source, safety, needs, method, usualCauses, remedy } = test
  const advisory = test.advisory === true
  return {
    id,
    group: suite.group,
    title: suite.title,
    requirement,
    source,
    safety,
    advisory,
    needs,
    method,
    usualCauses,
    remedy,
  }
}

export function explainAsText({ suite, test }: FoundRequirement, paint: Style, width: number): string {
  const about = [
    ['group', `${suite.group}, ${suite.title}`],
    ['source', sourceText(test.source)],
    ['class', `${classText(test)}: ${meaning(test)}`],
    ['needs', test.needs.length === 0 ? 'nothing special' : test.needs.join(', ')],
  ] as const
  const sections = [
    `${paint.bold(paint.cyan(test.id))}  ${paint.bold(wrap(test.requirement, width, ' '.repeat(test.id.length + 2)).trimStart())}`,
    about.map(([label, text]) => aboutLine(label, text, paint, width)).join('\n'),
    section('How it is verified', wrap(test.method, width, '  '), paint),
    section('What usually breaks it', bullets(test.usualCauses, width), paint),
    section('How to mend it', bullets(test.remedy, width), paint),
    section('Verify it alone', `  swarmproof run --only ${test.id}`, paint),
  ]
  return `${sections.join('\n\n')}\n`
}

function meaning({ safety, advisory }: ConformanceTest): string {
  const where =
    safety === 'production' ? 'safe on a cluster in use' : 'only on a lab, whose hosts it may break or shape'
  return advisory === true ? `${where}; reports a finding and never decides the exit code` : where
}

function aboutLine(label: string, text: string, paint: Style, width: number): string {
  const column = 10
  return `  ${paint.dim(label.padEnd(column - 2))}${wrap(text, width, ' '.repeat(column)).trimStart()}`
}

function section(title: string, text: string, paint: Style): string {
  return `${paint.bold(title)}\n${text}`
}

function bullets(items: readonly string[], width: number): string {
  if (items.length === 0) return '  nothing known yet'
  return items.map((item) => wrap(item, width, '    ', '  - ')).join('\n')
}
