import { SwarmproofError } from '../../error.ts'

/** A part of the facts script's output: `@@ name argument`, then its lines. */
export interface FactsSection {
  readonly name: string
  readonly argument: string
  readonly lines: readonly string[]
}

/** @throws SwarmproofError where the output does not end with its end mark: it was cut off */
export function factsSections(output: string, host: string): readonly FactsSection[] {
  const sections: { name: string; argument: string; lines: string[] }[] = []
  for (const line of output.split('\n')) {
    const head = /^@@ (\S+) ?(.*)$/.exec(line)
    if (head !== null) sections.push({ name: head[1] ?? '', argument: (head[2] ?? '').trim(), lines: [] })
    else if (line.trim() !== '') sections.at(-1)?.lines.push(line)
  }
  if (sections.at(-1)?.name === 'end') return sections
  throw new SwarmproofError({
    code: 'FACTS_TRUNCATED',
    what: 'what the host says of itself ended early',
    host,
    expected: 'output up to its end mark',
    observed: sections.length === 0 ? 'no output' : `it ends in section '${sections.at(-1)?.name}'`,
    hint: 'run the command again; if it repeats, look at the free memory and the load of the host',
  })
}
