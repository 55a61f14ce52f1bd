import { nearMisses } from '../../near-miss.ts'
import type { YamlCursor } from '../../topology/yaml-cursor.ts'
import { AnsibleGroups, type AnsibleVars, circle } from './ansible-groups.ts'
import { addHosts, groupNameProblem } from './ansible-pattern.ts'
import { inventoryBounds } from './inventory-bounds.ts'

const groupKeys = ['hosts', 'vars', 'children']

/** Reads the YAML form of an Ansible inventory (ansible.builtin.yaml): groups with hosts, vars and children. */
export function readAnsibleYaml(
  root: YamlCursor,
  file: string,
): { groups: AnsibleGroups; warnings: string[] } {
  const [groups, warnings]: [AnsibleGroups, string[]] = [new AnsibleGroups(file), []]
  for (const [name, at] of root.map() ?? []) {
    if (name === 'plugin' || name === '_meta') {
      const what =
        name === 'plugin'
          ? 'this is the configuration of an inventory plugin, not an inventory'
          : 'this is what an inventory script prints, not an inventory'
      at.complain(`${what}; give the output of \`ansible-inventory -i ${file} --list --yaml\``)
      return { groups, warnings }
    }
    readGroup(name, at, { file, groups, warnings }, 1)
  }
  return { groups, warnings }
}

interface Reading {
  readonly file: string
  readonly groups: AnsibleGroups
  readonly warnings: string[]
}

/** `level` counts groups within groups; aliases may nest them deeper than the file does. */
function readGroup(name: string, at: YamlCursor, reading: Reading, level: number): void {
  const { groups, warnings, file } = reading
  const problem = groupNameProblem(groups, name) ?? levelProblem(level)
  if (problem !== undefined) return at.complain(problem)
  groups.group(name)
  if (at.kind === 'nothing') return
  for (const [key, value] of at.map() ?? []) {
    if (!groupKeys.includes(key)) {
      const meant = nearMisses(key, groupKeys, 1)[0]
      if (meant !== undefined)
        value.complain(`unknown key, did you mean '${meant}'? valid: ${groupKeys.join(', ')}`)
      else warnings.push(`${file}:${value.line}: ${value.path} is not part of a group and is ignored`)
    } else if (key === 'hosts') readHosts(name, value, reading)
    else if (key === 'vars') readVars(value, file, groups.group(name).vars)
    else readChildren(name, value, reading, level)
  }
}

function levelProblem(level: number): string | undefined {
  const { mostLevels } = inventoryBounds
  return level > mostLevels
    ? `groups are nested more than ${mostLevels} deep, the most that is read`
    : undefined
}

function readHosts(group: string, at: YamlCursor, reading: Reading): void {
  const { groups, file } = reading
  if (at.kind === 'nothing') return
  if (at.kind === 'value') return add(groups, group, at.value ?? '', at, new Map(), file)
  if (at.kind === 'list') return at.complain('must be a map of hosts, each with a colon behind it, is a list')
  for (const [pattern, value] of at.map() ?? []) {
    const vars: AnsibleVars = new Map()
    if (value.kind !== 'nothing') readVars(value, file, vars)
    add(groups, group, pattern, value, vars, file)
  }
}

function add(
  groups: AnsibleGroups,
  group: string,
  pattern: string,
  at: YamlCursor,
  vars: AnsibleVars,
  file: string,
): void {
  const problem = addHosts(groups, group, pattern, vars, { file, line: at.line })
  if (problem !== undefined) at.complain(problem)
}

function readChildren(parent: string, at: YamlCursor, reading: Reading, level: number): void {
  if (at.kind === 'nothing') return
  const children: [string, YamlCursor | undefined][] =
    at.kind === 'value' ? [[at.value ?? '', undefined]] : [...(at.map() ?? [])]
  for (const [name, value] of children) {
    const problem = groupNameProblem(reading.groups, name)
    if (problem !== undefined) {
      ;(value ?? at).complain(problem)
    } else if (!reading.groups.addChild(parent, name)) {
      ;(value ?? at).complain(circle(parent, name))
    } else if (value !== undefined) readGroup(name, value, reading, level + 1)
  }
}

/** Single values only: lists and maps are for playbooks. What is encrypted is known to be there, no more. */
export function readVars(at: YamlCursor, file: string, into: AnsibleVars): void {
  if (at.kind === 'nothing') return
  for (const [key, value] of at.map() ?? []) {
    const text = value.tag === undefined ? value.value : `${value.tag}`
    if (text !== undefined) into.set(key, { text, file, line: value.line })
  }
}
