import { extname } from 'node:path'
import { readBoundedText } from '../../bounded-file.ts'
import { InputError } from '../../error.ts'
import { Problems } from '../../topology/problems.ts'
import { YamlFile, type YamlCursor } from '../../topology/yaml-cursor.ts'
import type { Inventory } from '../inventory.ts'
import { readAnsibleIni } from './ansible-ini.ts'
import { ansibleInventory } from './ansible-inventory.ts'
import { readAnsibleYaml } from './ansible-yaml.ts'
import { inventoryBounds } from './inventory-bounds.ts'
import { readOwnYaml } from './own-yaml.ts'

/**
 * Reads an inventory file: swarmproof's own YAML, or Ansible's in YAML or INI, told apart by extension and content.
 * @throws InputError with every problem, each with file, line and key
 */
export function readInventory(file: string): Inventory {
  let text: string
  try {
    text = readBoundedText(file, { ...inventoryBounds, orPipe: true })
  } catch (error) {
    throw new InputError({
      code: 'INVENTORY_UNREADABLE',
      what: `cannot read inventory ${file}`,
      observed: (error as Error).message,
      hint: 'give the path of an inventory file; see `swarmproof validate --help` for its forms',
      cause: error,
    })
  }
  return parseInventory(text, file)
}

/** `file` is used in messages, and what stands beside it is read. */
export function parseInventory(text: string, file: string): Inventory {
  const problems = new Problems()
  if (text.startsWith('$ANSIBLE_VAULT')) {
    problems.add(1, '', 'is encrypted by Ansible Vault, which is not read; give a decrypted inventory')
    problems.throwIfAny(file, 'INVENTORY_INVALID')
  }
  if (text.startsWith('#!'))
    problems.add(1, '', `is a script; give the output of \`ansible-inventory -i ${file} --list --yaml\``)
  problems.throwIfAny(file, 'INVENTORY_INVALID')
  return isYaml(text, file) ? parseYaml(text, file, problems) : parseIni(text, file, problems)
}

function parseIni(text: string, file: string, problems: Problems): Inventory {
  const groups = readAnsibleIni(text, file, problems)
  problems.throwIfAny(file, 'INVENTORY_INVALID')
  return ansibleInventory(groups, file, problems)
}

function parseYaml(text: string, file: string, problems: Problems): Inventory {
  const yaml = new YamlFile(text, problems)
  problems.throwIfAny(file, 'INVENTORY_INVALID')
  if (yaml.root.kind === 'nothing') problems.add(1, '', 'the file is empty; needed: hosts')
  else if (isAnsible(yaml.root)) {
    const { groups, warnings } = readAnsibleYaml(yaml.root, file)
    problems.throwIfAny(file, 'INVENTORY_INVALID')
    return ansibleInventory(groups, file, problems, warnings)
  }
  const hosts = yaml.root.kind === 'nothing' ? [] : readOwnYaml(yaml.root, file, problems)
  problems.throwIfAny(file, 'INVENTORY_INVALID')
  return { hosts, source: file, warnings: [] }
}

/** Without an extension that tells, the first line that says something does. */
function isYaml(text: string, file: string): boolean {
  const extension = extname(file).toLowerCase()
  if (['.yml', '.yaml', '.json'].includes(extension)) return true
  if (['.ini', '.cfg'].includes(extension)) return false
  const first = text.split(/\r?\n/).find((line) => line.trim() !== '' && !/^\s*[#;]/.test(line)) ?? ''
  return /^(---|\{|[\w.-]+:(\s|$))/.test(first)
}

/** Ansible's groups are keys of the file; our own hosts are below one key, `hosts`. */
function isAnsible(root: YamlCursor): boolean {
  if (root.kind !== 'map') return false
  const keys = root.map() ?? new Map<string, YamlCursor>()
  if (keys.has('hosts') || keys.has('defaults')) return false
  return [...keys].some(
    ([name, value]) =>
      ['all', 'ungrouped', 'plugin', '_meta'].includes(name) ||
      (value.kind === 'map' && ['hosts', 'children', 'vars'].some((key) => value.map()?.has(key))),
  )
}
