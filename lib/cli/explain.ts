import { Argument, Command } from 'commander'
import { listsRequirements } from '../conformance/selection.ts'
import type { Suite } from '../conformance/suite.ts'
import type { ConformanceTest } from '../conformance/test.ts'
import { catalog } from '../diagnosis/catalog.ts'
import { unknownName } from '../error.ts'
import type { CatalogEntry } from '../observation/catalog-entry.ts'
import { suites } from '../../suites/index.ts'
import { explainFindingAsText } from './explain-finding.ts'
import { classText, sourceText } from './list.ts'
import { stdout } from './output.ts'
import { aboutLine, bullets, headline, section } from './sections.ts'
import { style, textWidth, wrap } from './terminal.ts'
import type { Style } from './terminal.ts'

const examples = `
Examples:
  swarmproof explain ENC-01          what it says, how it is verified, what fixes it
  swarmproof explain esp-blocked     what it means, its proof, what to type
  swarmproof explain mtu-02          upper or lower case
  swarmproof explain ENC-01 --json   the same as JSON
  swarmproof list requirements       all ids
  swarmproof list findings           all codes`

export function explainCommand(): Command {
  return new Command('explain')
    .summary('explain a requirement or a finding')
    .description(
      'Explains one requirement or one kind of finding: how it is verified or proved, and what to type.',
    )
    .addArgument(new Argument('<name>', 'a requirement such as ENC-01, or a finding such as esp-blocked'))
    .option('--json', 'print JSON', false)
    .addHelpText('after', examples)
    .action((name: string, options: { json: boolean }) => {
      const found = findExplained(suites, catalog, name)
      if (options.json) stdout.deliverJson('code' in found ? found : explainAsJson(found))
      else stdout.deliver(textOf(found, style(stdout), textWidth(stdout)))
    })
}

export interface FoundRequirement {
  readonly suite: Suite
  readonly test: ConformanceTest
}

/** A requirement by its id or a finding by its code, case ignored. Throws InputError with what was perhaps meant. */
export function findExplained(
  all: readonly Suite[],
  entries: readonly CatalogEntry[],
  name: string,
): FoundRequirement | CatalogEntry {
  const every = all.flatMap((suite) => suite.tests.map((test) => ({ suite, test })))
  const wanted = name.trim().toUpperCase()
  const found =
    every.find(({ test }) => test.id.toUpperCase() === wanted) ??
    entries.find(({ code }) => code.toUpperCase() === wanted)
  if (found !== undefined) return found
  throw unknownName(
    'requirement or finding',
    name,
    [...every.map(({ test }) => test.id), ...entries.map(({ code }) => code)],
    `${listsRequirements}, \`swarmproof list findings\` all codes`,
  )
}

function textOf(found: FoundRequirement | CatalogEntry, paint: Style, width: number): string {
  return 'code' in found ? explainFindingAsText(found, paint, width) : explainAsText(found, paint, width)
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
    headline(test.id, test.requirement, paint, width),
    about.map(([label, text]) => aboutLine(label, text, paint, width)).join('\n'),
    section('How it is verified', wrap(test.method, width, '  '), paint),
    section('What usually breaks it', bullets(test.usualCauses, width), paint),
    section('How to fix it', bullets(test.remedy, width), paint),
    section('Verify it alone', `  swarmproof run --only ${test.id}`, paint),
  ]
  return `${sections.join('\n\n')}\n`
}

function meaning({ safety, advisory }: ConformanceTest): string {
  const where =
    safety === 'production'
      ? 'safe on a cluster in use'
      : 'only on a lab, whose hosts it may disrupt or reconfigure'
  return advisory === true ? `${where}; reports a finding and never decides the exit code` : where
}
