import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { basename, dirname, isAbsolute, join } from 'node:path'
import { parse } from 'ssh-config'
import { InputError } from '../../error.ts'
import { matchesList } from './pattern.ts'

/** One directive of ssh_config, with the place it stands at. */
export interface ConfigLine {
  /** In lower case: keywords have no case. */
  readonly keyword: string
  readonly values: readonly string[]
  readonly place: Place
  /** The lines that hold where a `Host` or `Match` does; for `Include` the included ones. */
  readonly block?: readonly ConfigLine[]
}

export interface Place {
  readonly file: string
  readonly line: number
}

export interface ConfigFileOptions {
  readonly home: string
  /** Reads nothing if the file is missing, instead of refusing it. */
  readonly optional: boolean
}

/** OpenSSH's own bound. */
const deepestInclude = 16

/** Reads an ssh_config with what it includes. The library parses; what holds for a host is ours to find out. */
export function readConfigFile(file: string, options: ConfigFileOptions, depth = 0): readonly ConfigLine[] {
  const text = textOf(file, options.optional)
  if (text === undefined) return []
  const counter = { line: 1 }
  return flatten(parsed(text, file), file, counter, options, depth)
}

type Nodes = ReturnType<typeof parse>

function flatten(
  nodes: Nodes,
  file: string,
  counter: { line: number },
  options: ConfigFileOptions,
  depth: number,
): ConfigLine[] {
  const lines: ConfigLine[] = []
  for (const node of nodes) {
    counter.line += newlines(node.before)
    if ('param' in node && node.param !== '') {
      const place = { file, line: counter.line }
      const values = typeof node.value === 'string' ? [node.value] : node.value.map(({ val }) => val)
      const keyword = node.param.toLowerCase()
      // Without a value the library takes the next line for a part of the keyword.
      const [name = '', ...rest] = node.param.split(/\r?\n/)
      if (rest.length > 0 || values.every((value) => value === '')) throw emptyError(name, place)
      counter.line += newlines(node.after)
      const block =
        'config' in node
          ? flatten(node.config, file, counter, options, depth)
          : keyword === 'include'
            ? values.flatMap((value) => included(value, place, options, depth))
            : undefined
      lines.push({ keyword, values, place, ...(block === undefined ? {} : { block }) })
    } else counter.line += newlines(node.after)
  }
  return lines
}

function included(pattern: string, place: Place, options: ConfigFileOptions, depth: number): ConfigLine[] {
  if (depth >= deepestInclude) throw includeError(place, `Include is nested more than ${deepestInclude} deep`)
  const expanded = pattern.replace(/^~(?=\/)/, options.home)
  const path = isAbsolute(expanded) ? expanded : join(options.home, '.ssh', expanded)
  if (/[*?[\]]/.test(dirname(path)))
    throw includeError(place, `Include ${pattern}: a wildcard in a folder's name`)
  // Files that are not there are passed over, as ssh does.
  return filesLike(path).flatMap((file) => [
    ...readConfigFile(file, { ...options, optional: true }, depth + 1),
  ])
}

function filesLike(path: string): string[] {
  const [folder, name] = [dirname(path), basename(path)]
  if (!/[*?]/.test(name)) return [path]
  if (!existsSync(folder)) return []
  const names = readdirSync(folder).filter((one) => !one.startsWith('.') && matchesList([name], one))
  return names.sort().map((one) => join(folder, one))
}

function textOf(file: string, optional: boolean): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (optional && (code === 'ENOENT' || code === 'ENOTDIR')) return undefined
    throw new InputError({
      code: 'SSH_CONFIG',
      what: `cannot read the SSH configuration ${file}`,
      observed: (error as Error).message,
      cause: error,
    })
  }
}

function parsed(text: string, file: string): Nodes {
  try {
    return parse(text)
  } catch (error) {
    throw new InputError({
      code: 'SSH_CONFIG',
      what: `${file} is not an SSH configuration`,
      observed: (error as Error).message,
      hint: `'ssh -G -F ${file} some-host' names the line`,
      cause: error,
    })
  }
}

function emptyError(keyword: string, { file, line }: Place): InputError {
  return new InputError({ code: 'SSH_CONFIG', what: `${file}:${line}: ${keyword} has no value` })
}

function includeError({ file, line }: Place, what: string): InputError {
  return new InputError({
    code: 'SSH_CONFIG',
    what: `${file}:${line}: ${what}`,
    hint: 'name the files themselves, or give a configuration of its own with --ssh-config',
  })
}

function newlines(text: string): number {
  return text.split('\n').length - 1
}
