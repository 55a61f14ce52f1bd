import type { CatalogEntry } from '../observation/catalog-entry.ts'
import { aboutLine, bullet, bullets, headline, section } from './sections.ts'
import { type Style, wrap } from './terminal.ts'

const meanings: Readonly<Record<CatalogEntry['severity'][number], string>> = {
  cause: 'cause: explains verdicts and comes before them',
  advice: 'advice: explains no verdict and is worth knowing',
}

/** All of a catalog entry, within the width. */
export function explainFindingAsText(entry: CatalogEntry, paint: Style, width: number): string {
  const { code, title, severity, meaning, proof, silencedBy, remedy, reports } = entry
  const sections = [
    headline(code, title, paint, width),
    aboutLine('kind', severity.map((one) => meanings[one]).join('; or '), paint, width),
    section('What it means', wrap(meaning, width, '  '), paint),
    section('How it is proved', bullets(proof, width), paint),
    section('What rules it out', bullets(silencedBy, width), paint),
    section('What to type', bullets(remedy, width), paint),
    section(
      'Reported cases',
      reports.length === 0 ? '  no public report was found' : suffered(entry, paint, width),
      paint,
    ),
  ]
  return `${sections.join('\n\n')}\n`
}

function suffered({ reports }: CatalogEntry, paint: Style, width: number): string {
  return reports.map(({ url, says }) => `${bullet(says, width)}\n    ${paint.dim(url)}`).join('\n')
}
