import { type CatalogEntry, reportName } from '../observation/catalog-entry.ts'

/** `docs/findings.md`: the catalog of findings as their rules declare it. Written by `npm run docs`. */
export function findingsPage(catalog: readonly CatalogEntry[]): string {
  return [
    '# Findings',
    '',
    'Generated from the rules in `lib/diagnosis/rules/` by `npm run docs`; change them there.',
    '',
    `${catalog.length} findings, the gravest first. Rules are asked in this order, and problems that one explains are not explained again by a later one: the first finding of a run is the cause, not what follows from it. A rule says nothing unless observations show it and none speaks against it. \`swarmproof explain CODE\` prints an entry, \`swarmproof list findings\` all titles.`,
    '',
    '| finding | what is broken | severity |',
    '| --- | --- | --- |',
    ...catalog.map(
      ({ code, title, severity }) => `| [${code}](#${code}) | ${title} | ${severity.join(' or ')} |`,
    ),
    '',
    ...catalog.flatMap(entryLines),
  ].join('\n')
}

function entryLines(entry: CatalogEntry): string[] {
  const { code, title, severity, meaning, proof, silencedBy, remedy, reports } = entry
  const references = reports.map((report) => `[${reportName(report)}](${report.url}): ${report.says}`)
  return [
    `## ${code}`,
    '',
    `**${title}**`,
    '',
    meaning,
    '',
    `Severity: ${severity.join(' or ')}`,
    '',
    ...listed('How it is proved', proof),
    ...listed('What rules it out', silencedBy),
    ...listed('What to type', remedy),
    ...listed('Reported cases', references.length === 0 ? ['no public report was found'] : references),
  ]
}

function listed(title: string, items: readonly string[]): string[] {
  return [`${title}:`, '', ...items.map((item) => `- ${item}`), '']
}
