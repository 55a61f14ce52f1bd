/** A variable's value as text, and where it is written. */
export interface AnsibleValue {
  readonly text: string
  readonly file: string
  readonly line: number
}

export type AnsibleVars = Map<string, AnsibleValue>

interface Group {
  readonly name: string
  readonly hosts: Set<string>
  readonly children: Set<string>
  readonly vars: AnsibleVars
}

/**
 * Groups, hosts and variables of an Ansible inventory. Precedence is Ansible's: `all`, then parents before their
 * children, then the host's own; groups of one level by `ansible_group_priority`, then by name, the last one wins.
 */
export class AnsibleGroups {
  readonly #groups = new Map<string, Group>()
  readonly #hosts = new Map<string, { readonly vars: AnsibleVars; readonly line: number }>()

  /** Made when it is first named. */
  group(name: string): Group {
    const known = this.#groups.get(name)
    if (known !== undefined) return known
    const made = { name, hosts: new Set<string>(), children: new Set<string>(), vars: new Map() }
    this.#groups.set(name, made)
    return made
  }

  has(name: string): boolean {
    return this.#groups.has(name)
  }

  get groupNames(): readonly string[] {
    return [...this.#groups.keys()]
  }

  addHost(name: string, group: string, line: number): AnsibleVars {
    this.group(group).hosts.add(name)
    const known = this.#hosts.get(name)
    if (known !== undefined) return known.vars
    const vars: AnsibleVars = new Map()
    this.#hosts.set(name, { vars, line })
    return vars
  }

  /** False, and nothing is added, if the child is already above its parent. */
  addChild(parent: string, child: string): boolean {
    if (parent === child || this.#descendants(child).has(parent)) return false
    this.group(parent).children.add(child)
    this.group(child)
    return true
  }

  /** In the order they were first named, with the line of that. */
  get hosts(): readonly { readonly name: string; readonly line: number }[] {
    return [...this.#hosts].map(([name, { line }]) => ({ name, line }))
  }

  /** Every group the host is in, directly or through a child, from the least to the most specific; `all` first. */
  groupsOf(host: string): readonly string[] {
    const own = [...this.#groups.values()].filter(
      (group) =>
        group.name !== 'all' &&
        [...this.#descendants(group.name)].some((name) => this.#groups.get(name)?.hosts.has(host)),
    )
    const sorted = own.sort(
      (a, b) =>
        this.#depth(a.name) - this.#depth(b.name) || priority(a) - priority(b) || (a.name < b.name ? -1 : 1),
    )
    return ['all', ...sorted.map(({ name }) => name)]
  }

  /** The variables of a group alone. */
  varsOfGroup(name: string): AnsibleVars {
    return this.#groups.get(name)?.vars ?? new Map<string, AnsibleValue>()
  }

  varsOfHost(name: string): AnsibleVars {
    return this.#hosts.get(name)?.vars ?? new Map<string, AnsibleValue>()
  }

  /** The group and everything below it. */
  #descendants(name: string, found = new Set<string>()): Set<string> {
    if (found.has(name)) return found
    found.add(name)
    for (const child of this.#groups.get(name)?.children ?? []) this.#descendants(child, found)
    return found
  }

  /** Steps below `all`, by the longest way. */
  #depth(name: string): number {
    if (name === 'all') return 0
    const parents = [...this.#groups.values()].filter((group) => group.children.has(name))
    return 1 + Math.max(0, ...parents.map((parent) => this.#depth(parent.name)))
  }
}

function priority(group: Group): number {
  const value = Number(group.vars.get('ansible_group_priority')?.text ?? 1)
  return Number.isFinite(value) ? value : 1
}

/** Why `addChild` refused. */
export function circle(parent: string, child: string): string {
  return parent === child
    ? `group '${child}' cannot hold itself`
    : `group '${child}' already holds '${parent}': the two would hold each other`
}
