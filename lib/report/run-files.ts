import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { kindOf } from '../bounded-file.ts'
import { InputError } from '../error.ts'
import { printable } from '../printable.ts'

/** What the folder of a stored run may hold, to be copied or gone through. */
export const runFileBounds = {
  mostFiles: 20_000,
  mostLevels: 12,
  /** Of all files together, as their sizes are stated: a sparse file counts whole. */
  mostBytes: 4 * 1024 ** 3,
} as const

export type RunFileBounds = { readonly [K in keyof typeof runFileBounds]: number }

export interface RunFile {
  /** Below the folder, with `/`. */
  readonly name: string
  readonly bytes: number
}

/**
 * The plain files below a folder that somebody else may have filled, in order of their names. A link of either kind,
 * a pipe, a device, a name with control characters: any of them is refused by name, and nothing of it is opened.
 * @throws InputError also where the folder holds more than the bounds allow
 */
export async function plainFiles(
  folder: string,
  wanted: (name: string) => boolean = () => true,
  bounds: RunFileBounds = runFileBounds,
): Promise<readonly RunFile[]> {
  const files: RunFile[] = []
  let bytes = 0
  const walk = async (below: string, level: number): Promise<void> => {
    if (level > bounds.mostLevels)
      throw beyond(folder, below, `at most ${bounds.mostLevels} folders within folders`)
    for (const entry of (await readdir(join(folder, below))).sort()) {
      const name = below === '' ? entry : `${below}/${entry}`
      if (!wanted(name)) continue
      const stat = await lstat(join(folder, name))
      const problem = /\p{Cc}/u.test(entry) ? 'has a control character in its name' : problemOf(stat)
      if (problem !== undefined) throw refused(folder, name, problem)
      if (stat.isDirectory()) await walk(name, level + 1)
      else files.push({ name, bytes: stat.size })
      if (files.length > bounds.mostFiles) throw beyond(folder, name, `at most ${bounds.mostFiles} files`)
      bytes += stat.isDirectory() ? 0 : stat.size
      if (bytes > bounds.mostBytes)
        throw beyond(folder, name, `at most ${bounds.mostBytes / 1024 ** 2} MiB in all files`)
    }
  }
  await walk('', 1)
  return files
}

type Stat = Awaited<ReturnType<typeof lstat>>

function problemOf(stat: Stat): string | undefined {
  if (stat.isDirectory()) return undefined
  if (!stat.isFile()) return `is ${kindOf(stat)}`
  // A second name of a file somewhere else would be read, and copied, as if it were a part of the run.
  return Number(stat.nlink) > 1 ? 'is a hard link: the file has another name elsewhere' : undefined
}

function refused(folder: string, name: string, problem: string): InputError {
  return new InputError({
    code: 'RUN_FILES_REFUSED',
    what: `${printable(folder)} holds what no run leaves: ${JSON.stringify(name)} ${problem}`,
    expected: 'plain files and folders',
    hint: 'if you know where it comes from, replace it by a copy of the file, or remove it',
  })
}

function beyond(folder: string, name: string, bound: string): InputError {
  return new InputError({
    code: 'RUN_FILES_TOO_MANY',
    what: `${printable(folder)} holds more than is read of a run`,
    expected: bound,
    observed: `more, at ${JSON.stringify(name)}`,
    hint: 'remove what the run did not leave, or move it elsewhere',
  })
}
