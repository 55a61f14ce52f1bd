import { Effort } from './inventory-bounds.ts'

/** A variable's value as text, and where it is written. */
export interface AnsibleValue {
  readonly text: string
  readonly file: string
  readonly line: number
}

export type AnsibleVars = Map<string, AnsibleValue>

interface Group {
  readonly name: string
  readonly parents: Set<string>
  readonly children: Set<string>
  readonly vars: AnsibleVars
}

interface Host {
  readonly groups: Set<string>
  readonly vars: AnsibleVars
  readonly line: number
}

/**
 * Groups, hosts and variables of an Ansible inventory. Precedence is Ansible's: `all`, then parents before their
 * children, then the host's own; groups of one level by `ansible_group_priority`, then by name, the last one wins.
 * What this costs is counted, and bounded, by the effort.
 */
export class AnsibleGroups {
  readonly effort: Effort
  readonly #groups = new Map<string, Group>()
  readonly #hosts = new Map<string, Host>()
  #depths: ReadonlyMap<string, number> | undefined

  constructor(file: string) {
    this.effort = new Effort(file)
  }

  /** Made when it is first named. */
  group(name: string): Group {
    const known = this.#groups.get(name)
    if (known !== undefined) return known
    const made = { name, parents: new Set<string>(), children: new Set<string>(), vars: new Map() }
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
    this.group(group)
    const known = this.#hosts.get(name) ?? { groups: new Set<string>(), vars: new Map(), line }
    this.#hosts.set(name, known)
    known.groups.add(group)
    return known.vars
  }

  /** False, and nothing is added, if the child is already above its parent. */
  addChild(parent: string, child: string): boolean {
    if (parent === child || this.#above([parent]).has(child)) return false
    this.group(parent).children.add(child)
    this.group(child).parents.add(parent)
    this.#depths = undefined
    return true
  }

  get hostCount(): number {
    return this.#hosts.size
  }

  get groupCount(): number {
    return this.#groups.size
  }

  /** In the order they were first named, with the line of that. */
  get hosts(): readonly { readonly name: string; readonly line: number }[] {
    return [...this.#hosts].map(([name, { line }]) => ({ name, line }))
  }

  /** Every group the host is in, directly or through a child, from the least to the most specific; `all` first. */
  groupsOf(host: string): readonly string[] {
    const found = this.#above([...(this.#hosts.get(host)?.groups ?? [])])
    const own = [...found].filter((name) => name !== 'all').map((name) => this.group(name))
    const depth = ({ name }: Group): number => this.#depth(name)
    const sorted = own.sort(
      (a, b) => depth(a) - depth(b) || priority(a) - priority(b) || (a.name < b.name ? -1 : 1),
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

  /** The groups and everything above them, each visited once. */
  #above(names: readonly string[]): ReadonlySet<string> {
    const found = new Set(names)
    for (const name of found) {
      const parents = this.#groups.get(name)?.parents ?? []
      for (const parent of parents) found.add(parent)
      this.effort.spend(1 + (this.#groups.get(name)?.parents.size ?? 0), `group '${name}'`)
    }
    return found
  }

  /** Steps below `all`, by the longest way. */
  #depth(name: string): number {
    this.#depths ??= this.#allDepths()
    return this.#depths.get(name) ?? 1
  }

  /** Parents before their children, so that each group is looked at once. */
  #allDepths(): ReadonlyMap<string, number> {
    const depths = new Map<string, number>()
    const waiting = new Map([...this.#groups.values()].map(({ name, parents }) => [name, parents.size]))
    const ready = [...waiting].filter(([, parents]) => parents === 0).map(([name]) => name)
    for (const name of ready) {
      const { parents, children } = this.group(name)
      const above = [...parents].reduce((most, parent) => Math.max(most, depths.get(parent) ?? 0), 0)
      depths.set(name, name === 'all' ? 0 : above + 1)
      this.effort.spend(1 + parents.size + children.size, `group '${name}'`)
      for (const child of children) {
        const left = (waiting.get(child) ?? 0) - 1
        waiting.set(child, left)
        if (left === 0) ready.push(child)
      }
    }
    return depths
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
