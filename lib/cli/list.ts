import { Argument, Command } from 'commander'
import { inProfile, type Profile, profiles } from '../conformance/profile.ts'
import type { Suite } from '../conformance/suite.ts'
import type { ConformanceTest, Source } from '../conformance/test.ts'
import { catalog } from '../diagnosis/catalog.ts'
import type { CatalogEntry } from '../observation/catalog-entry.ts'
import { listTopologies } from '../topology/find-topology.ts'
import { impairmentsOf } from '../topology/impaired-attachments.ts'
import type { Topology } from '../topology/topology.ts'
import { suites } from '../../suites/index.ts'
import { stdout } from './output.ts'
import { style, textWidth, wrap } from './terminal.ts'
import type { Style } from './terminal.ts'

const kinds = ['requirements', 'suites', 'topologies', 'findings'] as const
type Kind = (typeof kinds)[number]

const examples = `
Examples:
  swarmproof list                       requirements, suites, topologies and findings
  swarmproof list requirements          every requirement with its source
  swarmproof list findings              every cause that a run can name, the gravest first
  swarmproof list topologies --json     the labs that come along, as JSON

Classes: production is safe on a cluster in use, lab may disrupt or reconfigure its hosts; advisory never decides; quick is in
every profile, slow in none. Findings: a cause explains verdicts, advice explains none.`

export function listCommand(): Command {
  return new Command('list')
    .summary('list requirements, suites, topologies and findings')
    .description('Lists what is verified, which labs there are and which causes can be named.')
    .addArgument(new Argument('[what]', 'what to list; everything without it').choices(kinds))
    .option('--json', 'print JSON', false)
    .addHelpText('after', examples)
    .action((what: Kind | undefined, options: { json: boolean }) => {
      const topologies = what === undefined || what === 'topologies' ? listTopologies() : []
      const all = { suites, topologies, catalog }
      if (options.json) stdout.deliverJson(listAsJson(all, what))
      else stdout.deliver(listAsText(all, what, style(stdout), textWidth(stdout)))
    })
}

export interface ListedRequirement {
  readonly id: string
  readonly group: string
  readonly requirement: string
  readonly safety: ConformanceTest['safety']
  readonly advisory: boolean
  /** The smallest profile that holds it; undefined for what is slow, which none does. */
  readonly profile?: Profile
  readonly needs: readonly string[]
  readonly source: readonly Source[]
}

/** All there is to list. */
export interface Listed {
  readonly suites: readonly Suite[]
  readonly topologies: readonly Topology[]
  readonly catalog: readonly CatalogEntry[]
}

/** One kind as a list of its own; without a kind an object with all of them. */
export function listAsJson({ suites: all, topologies, catalog: findings }: Listed, what?: Kind): unknown {
  const lists = {
    requirements: all.flatMap((suite) => suite.tests.map((test) => listed(suite.group, test))),
    suites: all.map(({ group, title, tests }) => ({ group, title, requirements: tests.map(({ id }) => id) })),
    topologies,
    findings,
  }
  return what === undefined ? lists : lists[what]
}

export function listAsText(
  { suites: all, topologies, catalog: findings }: Listed,
  what: Kind | undefined,
  paint: Style,
  width: number,
): string {
  const parts = {
    requirements: () => all.map((suite) => requirementLines(suite, paint, width)).join('\n'),
    suites: () => suiteLines(all, paint, width),
    topologies: () => topologyLines(topologies, paint, width),
    findings: () => findingLines(findings, paint, width),
  }
  if (what !== undefined) return parts[what]() || `${paint.dim(`no ${what}`)}\n`
  return kinds.map((kind) => `${paint.bold(kind.toUpperCase())}\n\n${parts[kind]()}`).join('\n')
}

/** `Docker docs (Section)`, sources joined by a semicolon. */
export function sourceText(source: readonly Source[]): string {
  return source
    .map(({ document, section }) => (section === undefined ? document : `${document} (${section})`))
    .join('; ')
}

/** `lab, advisory`, `production, quick`. */
export function classText(test: ConformanceTest): string {
  return [
    test.safety,
    ...(test.advisory === true ? ['advisory'] : []),
    ...(test.quick === true ? ['quick'] : []),
    ...(test.slow === true ? ['slow'] : []),
  ].join(', ')
}

function listed(group: string, test: ConformanceTest): ListedRequirement {
  const { id, requirement, safety, needs, source } = test
  const profile = profiles.find((each) => inProfile(test, each))
  return {
    id,
    group,
    requirement,
    safety,
    advisory: test.advisory === true,
    ...(profile === undefined ? {} : { profile }),
    needs,
    source,
  }
}

function requirementLines(suite: Suite, paint: Style, width: number): string {
  const lines = suite.tests.map((test) => {
    const indent = ' '.repeat(test.id.length + 4)
    const sentence = wrap(test.requirement, width, indent).trimStart()
    const below = wrap(`${classText(test)}; ${sourceText(test.source)}`, width, indent)
    return `  ${paint.cyan(test.id)}  ${sentence}\n${paint.dim(below)}\n`
  })
  return `${paint.bold(`${suite.group}  ${suite.title}`)}\n${lines.join('')}`
}

function suiteLines(all: readonly Suite[], paint: Style, width: number): string {
  const column = Math.max(0, ...all.map(({ group }) => group.length)) + 4
  return all
    .map(({ group, title, tests }) => {
      const ids = wrap(tests.map(({ id }) => id).join(' '), width, ' '.repeat(column))
      return `  ${paint.cyan(group.padEnd(column - 2))}${title}\n${ids === '' ? '' : `${paint.dim(ids)}\n`}`
    })
    .join('')
}

function topologyLines(topologies: readonly Topology[], paint: Style, width: number): string {
  const column = Math.max(0, ...topologies.map(({ name }) => name.length)) + 4
  return topologies
    .map((topology) => {
      const indent = ' '.repeat(column)
      const nodes = topology.nodes
        .map(({ name, role }) => (name === role ? name : `${name} (${role})`))
        .join(', ')
      const networks = topology.underlays.map(({ name, subnet }) => `${name} ${subnet}`).join(', ')
      const impaired = impairmentsOf(topology).map((what) => `; impaired: ${what}`)
      const below = wrap(`${nodes}; ${networks}${impaired.join('')}`, width, indent)
      const description = wrap(topology.description, width, indent).trimStart()
      return `  ${paint.cyan(topology.name.padEnd(column - 2))}${description}\n${paint.dim(below)}\n`
    })
    .join('')
}

function findingLines(findings: readonly CatalogEntry[], paint: Style, width: number): string {
  const column = Math.max(0, ...findings.map(({ code }) => code.length)) + 4
  // In a narrow window sentences stand below their codes.
  const isNarrow = width - column < 30
  const indent = ' '.repeat(isNarrow ? 6 : column)
  return findings
    .map(({ code, title, severity, reports }) => {
      const name = paint.cyan(isNarrow ? code : code.padEnd(column - 2))
      const sentence = wrap(title, width, indent)
      const below = `${severity.join(' or ')}; ${reports.length} public report${reports.length === 1 ? '' : 's'}`
      return `  ${name}${isNarrow ? `\n${sentence}` : sentence.trimStart()}\n${paint.dim(wrap(below, width, indent))}\n`
    })
    .join('')
}
