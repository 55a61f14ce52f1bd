import type { Problems } from '../../topology/problems.ts'
import { AnsibleGroups, type AnsibleVars, circle } from './ansible-groups.ts'
import { addHosts, groupNameProblem } from './ansible-pattern.ts'
import { someOf } from './some-of.ts'
import { shellWords } from './shell-words.ts'

const kinds = ['hosts', 'children', 'vars'] as const
type SectionKind = (typeof kinds)[number]

interface Reading {
  readonly file: string
  readonly problems: Problems
  readonly groups: AnsibleGroups
  readonly declared: Set<string>
  /** Groups that are only spoken of so far, to be declared somewhere. */
  readonly awaited: { readonly name: string; readonly line: number; readonly by: string }[]
}

/** Reads the INI form of an Ansible inventory (ansible.builtin.ini); complains with line and section. */
export function readAnsibleIni(text: string, file: string, problems: Problems): AnsibleGroups {
  const reading: Reading = {
    ...{ file, problems },
    groups: new AnsibleGroups(file),
    declared: new Set(['all', 'ungrouped']),
    awaited: [],
  }
  let section: { readonly group: string; readonly kind: SectionKind } | undefined = {
    group: 'ungrouped',
    kind: 'hosts',
  }
  text.split(/\r?\n/).forEach((raw, index) => {
    const [line, content] = [index + 1, raw.trim()]
    if (content === '' || content.startsWith('#') || content.startsWith(';')) return
    if (isHeader(content)) section = readHeader(content, line, reading)
    else if (section !== undefined) readEntry(section, content, line, reading)
  })
  for (const { name, line, by } of reading.awaited) {
    if (!reading.declared.has(name))
      problems.add(line, by, `group '${name}' is not declared anywhere${near(name, reading)}`)
  }
  return reading.groups
}

/** A host range may stand first on a line, too: `[a:c]-db`. */
function isHeader(content: string): boolean {
  return /^\[[^\]]*\]\s*(#.*)?$/.test(content)
}

function readHeader(
  content: string,
  line: number,
  reading: Reading,
): { group: string; kind: SectionKind } | undefined {
  const match = /^\[([^:\]\s]+)(?::(\w+))?\]/.exec(content)
  if (match === null) {
    reading.problems.add(
      line,
      '',
      `${content} is not a section; write [group], [group:children] or [group:vars], without spaces`,
    )
    return undefined
  }
  const [, group = '', written = 'hosts'] = match
  const kind = kinds.find((one) => one === written)
  if (kind === undefined) {
    reading.declared.add(group)
    reading.problems.add(
      line,
      `[${group}:${written}]`,
      `unknown kind of section '${written}'; valid: ${kinds.join(', ')}`,
    )
    return undefined
  }
  const problem = groupNameProblem(reading.groups, group)
  if (problem !== undefined) {
    reading.declared.add(group)
    reading.problems.add(line, '', problem)
    return undefined
  }
  reading.groups.group(group)
  if (kind === 'vars') reading.awaited.push({ name: group, line, by: `[${group}:vars]` })
  else reading.declared.add(group)
  return { group, kind }
}

function readEntry(
  section: { group: string; kind: SectionKind },
  content: string,
  line: number,
  reading: Reading,
): void {
  const { group, kind } = section
  if (kind === 'hosts') return readHostLine(group, content, line, reading)
  if (kind === 'vars') return readVariable(group, content, line, reading)
  const child = /^([^:\]\s]+)\s*(#.*)?$/.exec(content)?.[1]
  if (child === undefined)
    return reading.problems.add(line, `[${group}:children]`, `must be the name of a group, is '${content}'`)
  const problem = groupNameProblem(reading.groups, child)
  if (problem !== undefined) return reading.problems.add(line, `[${group}:children]`, problem)
  reading.awaited.push({ name: child, line, by: `[${group}:children]` })
  if (!reading.groups.addChild(group, child)) {
    reading.problems.add(line, `[${group}:children]`, circle(group, child))
  }
}

function readHostLine(group: string, content: string, line: number, reading: Reading): void {
  const { problems, groups, file } = reading
  const words = shellWords(content, { comments: true })
  if (typeof words === 'string') return problems.add(line, `[${group}]`, `this line ${words}`)
  const [pattern, ...assignments] = words
  if (pattern === undefined) return
  const vars: AnsibleVars = new Map()
  for (const word of assignments) {
    const at = word.indexOf('=')
    if (at < 1)
      problems.add(line, `[${group}]`, `after host '${pattern}' only key=value is valid, is '${word}'`)
    else vars.set(word.slice(0, at), { text: literal(word.slice(at + 1)), file, line })
  }
  const problem = addHosts(groups, group, pattern, vars, { file, line })
  if (problem !== undefined) problems.add(line, `[${group}]`, problem)
}

function readVariable(group: string, content: string, line: number, reading: Reading): void {
  const at = content.indexOf('=')
  if (at < 1) return reading.problems.add(line, `[${group}:vars]`, `must be key=value, is '${content}'`)
  const [key, value] = [content.slice(0, at).trim(), content.slice(at + 1).trim()]
  reading.groups.group(group).vars.set(key, { text: literal(value), file: reading.file, line })
}

/** Ansible evaluates values as Python literals: quotes go, and a comment goes after a literal, but not after plain text. */
function literal(text: string): string {
  const quoted = /^(['"])((?:\\.|(?!\1)[^\\])*)\1\s*(?:#.*)?$/.exec(text)
  if (quoted !== null) return (quoted[2] ?? '').replaceAll(/\\(['"\\])/g, '$1')
  return /^(\d+|True|False|None)\s*#/.exec(text)?.[1] ?? text
}

function near(name: string, { declared }: Reading): string {
  const known = [...declared].filter((one) => one !== 'all' && one !== 'ungrouped')
  return known.length === 0 || name === '' ? '' : `; declared: ${someOf(known)}`
}
