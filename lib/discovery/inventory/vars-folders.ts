import { existsSync, readdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { readBoundedText } from '../../bounded-file.ts'
import { InputError } from '../../error.ts'
import { Problems } from '../../topology/problems.ts'
import { YamlFile } from '../../topology/yaml-cursor.ts'
import type { AnsibleVars } from './ansible-groups.ts'
import { readVars } from './ansible-yaml.ts'
import { inventoryBounds } from './inventory-bounds.ts'
import type { PlainName } from './plain-name.ts'

const extensions = ['', '.yml', '.yaml', '.json']

/**
 * Variables of one group or host from `group_vars/` or `host_vars/` beside the inventory: a file of that name, or all
 * files in a folder of that name. A file that is encrypted as a whole is passed over with a warning.
 * @throws InputError with file and line where a file is no YAML, or is larger than the bound, or cannot be read
 */
export function varsBeside(
  inventory: string,
  kind: 'group_vars' | 'host_vars',
  name: PlainName,
  warnings: string[],
): AnsibleVars {
  const vars: AnsibleVars = new Map()
  const folder = join(dirname(inventory), kind)
  const files = readable(join(folder, name), () => filesOf(folder, name))
  for (const file of files) readFile(file, vars, warnings)
  return vars
}

function readable<T>(file: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw new InputError({
      code: 'INVENTORY_UNREADABLE',
      what: `cannot read ${file}, which stands beside the inventory`,
      observed: (error as Error).message,
      hint: 'make it readable, shorten it, or move the inventory to a folder without it',
      cause: error,
    })
  }
}

function filesOf(folder: string, name: PlainName): readonly string[] {
  return extensions
    .map((extension) => join(folder, `${name}${extension}`))
    .filter((path) => existsSync(path))
    .flatMap((path) => (statSync(path).isDirectory() ? filesIn(path) : [path]))
}

function filesIn(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .filter((entry) => !entry.name.startsWith('.') && !entry.name.endsWith('~'))
    .flatMap((entry) => {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) return filesIn(path)
      return extensions.includes(/\.[^.]*$/.exec(entry.name)?.[0] ?? '') ? [path] : []
    })
}

function readFile(file: string, vars: AnsibleVars, warnings: string[]): void {
  const text = readable(file, () => readBoundedText(file, inventoryBounds))
  if (text.startsWith('$ANSIBLE_VAULT')) {
    warnings.push(`${file} is encrypted by Ansible Vault and was not read`)
    return
  }
  const problems = new Problems()
  const yaml = new YamlFile(text, problems)
  if (yaml.isSound && yaml.root.kind !== 'nothing') readVars(yaml.root, file, vars)
  problems.throwIfAny(file, 'INVENTORY_INVALID')
}
