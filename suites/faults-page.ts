import type { Fault } from '../lib/fault/fault.ts'
import type { FaultRow } from './fault-rows.ts'
import type { FindingSaid } from './named.ts'

/** `docs/faults.md`: faults, what fell under each and what was found first, by rows that labs brought. `npm run docs`. */
export function faultsPage(faults: readonly Fault[], rows: readonly FaultRow[]): string {
  const pairs = rows.filter(({ fault }) => fault.includes('+'))
  const seen = new Set(rows.map(({ fault }) => fault))
  const missing = faults.filter(({ name }) => !seen.has(name))
  const named = faults.filter(({ namedBy }) => namedBy !== undefined)
  return [
    '# Faults',
    '',
    'Generated from `lib/fault/` and the rows that `swarmproof faults --write-golden suites/golden` kept, by `npm run docs`.',
    '',
    `${faults.length} defects can be planted; ${named.length} declare the finding that must come first, the others why no finding can name them: then no cause is said at all. ${faults.length - missing.length} have a row below, of requirements that fell on a lab and of what was found first there. A row with ✘ is not as it must be; * marks one without profile quick.`,
    '',
    ...table(
      faults.flatMap((fault) =>
        rows.filter((row) => row.fault === fault.name).map((row) => line(row, fault)),
      ),
    ),
    ...(pairs.length === 0
      ? []
      : [
          '## Two at once',
          '',
          'Both must be named, the graver first.',
          '',
          ...table(pairs.map((row) => line(row))),
        ]),
    '## What no finding names',
    '',
    '| fault | why not |',
    '| --- | --- |',
    ...faults.flatMap(({ name, unnamed }) => (unnamed === undefined ? [] : [`| ${name} | ${unnamed} |`])),
    '',
    ...(missing.length === 0
      ? []
      : [
          '## Without a row',
          '',
          `Not planted with findings judged yet: ${missing.map(({ name, namedBy }) => `${name}${namedBy === undefined ? '' : ` (${namedBy.code})`}`).join(', ')}.`,
          '',
        ]),
  ].join('\n')
}

function table(lines: readonly string[]): string[] {
  return [
    '| | fault | planted at | requirements that fell | first finding | further causes |',
    '| --- | --- | --- | --- | --- | --- |',
    ...lines,
    '',
  ]
}

function line({ fault, host, fell, findings, problems, short }: FaultRow, declared?: Fault): string {
  const [first, ...others] = findings.filter(({ severity }) => severity === 'cause')
  const none = declared?.unnamed === undefined ? 'none' : 'none, as declared'
  return `| ${problems.length === 0 ? '✔' : '✘'} | ${fault}${short === true ? ' *' : ''} | ${host} | ${fell.join(', ') || '–'} | ${first === undefined ? none : said(first)} | ${others.map(said).join('; ')} |`
}

function said({ code, nodes, pairs }: FindingSaid): string {
  const places = nodes.length > 0 ? nodes : pairs.map(({ from, to }) => `${from} → ${to}`)
  return places.length === 0 ? code : `${code} (${places.join(', ')})`
}
