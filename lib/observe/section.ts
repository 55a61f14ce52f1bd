import { SwarmproofError } from '../error.ts'

/** A part of the observe script's output: `@@ name argument`, then its lines. */
export interface Section {
  readonly name: string
  readonly argument: string
  readonly lines: readonly string[]
}

/** Splits the script's output. Output that does not end with its end mark was cut off and is refused. */
export function readSections(output: string, host: string): readonly Section[] {
  const sections: { name: string; argument: string; lines: string[] }[] = []
  for (const line of output.split('\n')) {
    const head = /^@@ (\S+) ?(.*)$/.exec(line)
    if (head) sections.push({ name: head[1] ?? '', argument: head[2] ?? '', lines: [] })
    else if (line.trim() !== '') sections.at(-1)?.lines.push(line)
  }
  if (sections.at(-1)?.name === 'end') return sections
  throw new SwarmproofError({
    code: 'OBSERVE_TRUNCATED',
    what: 'reading the kernel state ended early',
    host,
    expected: 'output up to its end mark',
    observed: sections.length === 0 ? 'no output' : `output ends in section '${sections.at(-1)?.name}'`,
    hint: 'run the command again; if it repeats, look at the free memory and at the load of the host',
  })
}
