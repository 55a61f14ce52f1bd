import { InputError } from '../../error.ts'
import { Problems } from '../../topology/problems.ts'
import type { Inventory, InventoryHost } from '../inventory.ts'
import type { AnsibleGroups, AnsibleVars } from './ansible-groups.ts'
import { ansibleHost } from './ansible-host.ts'
import { plainName } from './plain-name.ts'
import { groupKind, roleGroupNames, type GroupKind } from './role-groups.ts'
import { someOf } from './some-of.ts'
import { varsBeside } from './vars-folders.ts'

/**
 * The hosts of an Ansible inventory that are meant: those in groups for managers, workers or a swarm as a whole, or
 * all of them where no group is called so.
 * @throws InputError with every problem, each with file, line and variable
 */
export function ansibleInventory(
  groups: AnsibleGroups,
  file: string,
  problems: Problems,
  remarks: readonly string[] = [],
): Inventory {
  const warnings = [...remarks]
  const elsewhere = new Map<string, Problems>([[file, problems]])
  const reader = {
    complain(at: { readonly file: string; readonly line: number }, key: string, what: string): void {
      const known = elsewhere.get(at.file) ?? new Problems()
      elsewhere.set(at.file, known)
      known.add(at.line, key, what)
    },
    warn: (text: string): void => void warnings.push(text),
    effort: groups.effort,
  }
  const kinds = new Map(groups.hosts.map(({ name }) => [name, kindsOf(name, groups)]))
  const chosen = groups.hosts.filter(({ name }) => (kinds.get(name)?.size ?? 0) > 0)
  const meant = chosen.length > 0 ? chosen : groups.hosts
  const beside = besides(file, warnings)
  const hosts = meant.map(({ name }): InventoryHost => {
    const host = ansibleHost(name, varsOf(name, groups, beside), file, reader)
    const role = roleOf(name, kinds.get(name) ?? new Set(), warnings)
    return role === undefined ? host : { ...host, role }
  })
  for (const [name, each] of elsewhere) each.throwIfAny(name, 'INVENTORY_INVALID')
  if (hosts.length === 0) throw nothingIn(file)
  const taken = new Set(hosts.map(({ name }) => name))
  const left = groups.hosts.map(({ name }) => name).filter((name) => !taken.has(name))
  if (left.length > 0) {
    warnings.push(`in no group for managers, workers or a swarm, and left out: ${someOf(left)}`)
  }
  if (chosen.length === 0) {
    warnings.push(
      `no group is called as managers or workers usually are (${roleGroupNames}); all hosts are taken`,
    )
  }
  return { hosts, source: file, warnings: [...new Set(warnings)] }
}

function kindsOf(host: string, groups: AnsibleGroups): ReadonlySet<GroupKind> {
  return new Set(
    groups
      .groupsOf(host)
      .map(groupKind)
      .filter((kind) => kind !== undefined),
  )
}

function roleOf(host: string, kinds: ReadonlySet<GroupKind>, warnings: string[]): InventoryHost['role'] {
  if (kinds.has('manager') && kinds.has('worker')) {
    warnings.push(`${host} is in a group for managers and in one for workers, and is taken for a manager`)
  }
  return kinds.has('manager') ? 'manager' : kinds.has('worker') ? 'worker' : undefined
}

type Beside = (kind: 'group_vars' | 'host_vars', name: string) => AnsibleVars

/** Each file is read once. */
function besides(file: string, warnings: string[]): Beside {
  const read = new Map<string, AnsibleVars>()
  return (kind, name) => {
    const key = `${kind}/${name}`
    const plain = plainName(name)
    const known =
      read.get(key) ??
      (plain === undefined ? new Map<string, never>() : varsBeside(file, kind, plain, warnings))
    read.set(key, known)
    return known
  }
}

/** Ansible's own order: groups of the inventory, group_vars/all, group_vars of the other groups, then the host's own. */
function varsOf(host: string, groups: AnsibleGroups, beside: Beside): AnsibleVars {
  const names = groups.groupsOf(host)
  const layers = [
    ...names.map((name) => groups.varsOfGroup(name)),
    ...names.map((name) => beside('group_vars', name)),
    groups.varsOfHost(host),
    beside('host_vars', host),
  ]
  const vars: AnsibleVars = new Map()
  for (const layer of layers) {
    groups.effort.spend(1 + layer.size, `the variables of host '${host}'`)
    for (const [key, value] of layer) vars.set(key, value)
  }
  return vars
}

function nothingIn(file: string): InputError {
  return new InputError({ code: 'INVENTORY_EMPTY', what: `${file} names no host` })
}
