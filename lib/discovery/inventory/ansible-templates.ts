import { basename, dirname } from 'node:path'
import type { AnsibleValue, AnsibleVars } from './ansible-groups.ts'
import { type Effort, inventoryBounds } from './inventory-bounds.ts'

/** Where complaints and remarks about a host go. */
export interface Reader {
  complain(at: AnsibleValue, key: string, what: string): void
  warn(text: string): void
  readonly effort: Effort
}

/** Variables within variables that are followed. */
const mostLevels = 6

/** Plain `{{ name }}` is filled in from the host's variables; any other template is for Ansible alone. */
export class Templates {
  readonly #host: string
  readonly #vars: AnsibleVars
  readonly #inventory: string
  readonly #reader: Reader
  readonly #known: ReadonlyMap<string, string>
  /** Filled in already; each variable is filled in once for each level it is met at. */
  readonly #filled = new Map<string, AnsibleValue | undefined>()

  constructor(host: string, vars: AnsibleVars, inventory: string, reader: Reader) {
    this.#host = host
    this.#vars = vars
    this.#inventory = inventory
    this.#reader = reader
    this.#known = new Map([
      ['inventory_hostname', host],
      ['inventory_hostname_short', host.split('.')[0] ?? host],
      ['inventory_dir', dirname(inventory)],
      ['inventory_file', basename(inventory)],
    ])
  }

  /** The value with its templates filled in; undefined, and complained about, if only Ansible can do that. */
  fill(key: string, level = 0): AnsibleValue | undefined {
    const place = `${level} ${key}`
    if (!this.#filled.has(place)) this.#filled.set(place, this.#fillAnew(key, level))
    return this.#filled.get(place)
  }

  #fillAnew(key: string, level: number): AnsibleValue | undefined {
    const value = this.#vars.get(key)
    if (value === undefined || value.text === '') return undefined
    if (value.text === '!vault') {
      const what =
        'is encrypted by Ansible Vault, which is not read; write it in clear in an inventory for swarmproof'
      this.#reader.complain(value, key, what)
      return undefined
    }
    const text = this.#substitute(value.text, level)
    const problem = text === undefined ? tooLong() : this.#problemOf(key, value.text, text)
    if (problem === undefined && text !== undefined) return { ...value, text }
    this.#reader.complain(value, key, problem ?? '')
    return undefined
  }

  /** Undefined if the text grows too long: it is given up then, not built. */
  #substitute(written: string, level: number): string | undefined {
    let left = inventoryBounds.longestValueCharacters
    if (written.length > left) return undefined
    this.#reader.effort.spend(1 + written.length / 2, `the templates of host '${this.#host}'`)
    if (!written.includes('{{')) return written
    const text = written.replaceAll(/\{\{\s*(\w+)\s*\}\}/g, (whole, name: string) => {
      if (left < 0) return ''
      const filled = this.#valueOf(name, whole, level)
      left -= filled.length
      return filled
    })
    return left < 0 || text.length > inventoryBounds.longestValueCharacters ? undefined : text
  }

  #valueOf(name: string, whole: string, level: number): string {
    const known = this.#known.get(name)
    if (known !== undefined) return known
    if (level >= mostLevels || !this.#vars.has(name)) return whole
    return this.fill(name, level + 1)?.text ?? ''
  }

  #problemOf(key: string, written: string, text: string): string | undefined {
    if (/\{\{|\{%/.test(text)) {
      return `is a template that only Ansible can evaluate: '${written}'; give the output of \`ansible-inventory -i ${this.#inventory} --list --yaml\`, or write the value`
    }
    if (/\s#/.test(text) && !key.endsWith('_args')) {
      return `ends in a comment, which Ansible takes for a part of the value: '${text}'; put the comment on a line of its own`
    }
    return undefined
  }
}

function tooLong(): string {
  const { longestValueCharacters } = inventoryBounds
  return `is longer than ${longestValueCharacters} characters once its templates are filled in, the most that is read`
}
