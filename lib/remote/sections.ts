import { randomBytes } from 'node:crypto'
import type { ExecOptions, ExecResult, Remote } from './remote.ts'
import { type Script, sh } from '../script.ts'

/** A part of what a script prints: a line `MARK name argument`, then its lines, blank ones left out. */
export interface Section {
  readonly name: string
  readonly argument: string
  readonly lines: readonly string[]
}

/** What a script printed. */
export interface Sections {
  readonly all: readonly Section[]
  /** It ends with the section `end`: nothing was cut off. */
  readonly complete: boolean
  /** Of the first section of that name; empty if there is none. */
  lines(name: string): readonly string[]
}

/**
 * Runs a script that prints sections. It begins each with the words of `$mark`, which is another one each time: what it
 * prints of tenants and their namespaces cannot hold it. The last section is to be `end`.
 */
export async function execSections(
  remote: Remote,
  script: Script,
  options: ExecOptions = {},
): Promise<{ readonly result: ExecResult; readonly sections: Sections }> {
  const mark = `@@${randomBytes(8).toString('hex')}`
  const result = await remote.exec(
    sh`mark=${mark}
${script}`,
    options,
  )
  return { result, sections: readSections(result.stdout, mark) }
}

export function readSections(output: string, mark: string): Sections {
  const all: { name: string; argument: string; lines: string[] }[] = []
  for (const line of output.split('\n')) {
    const [first, name = '', ...words] = line.split(' ')
    if (first === mark) all.push({ name, argument: words.join(' ').trim(), lines: [] })
    else if (line.trim() !== '') all.at(-1)?.lines.push(line)
  }
  return {
    all,
    complete: all.at(-1)?.name === 'end',
    lines: (name) => all.find((section) => section.name === name)?.lines ?? [],
  }
}

/** For an error: where output that is not complete ends. */
export function describeLastSection({ all }: Sections): string {
  const last = all.at(-1)?.name
  return last === undefined ? 'no output' : `output ends in section '${last}'`
}
