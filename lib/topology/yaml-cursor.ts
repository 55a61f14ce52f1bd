import { isAlias, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument, visit } from 'yaml'
import type { Alias, Document, Node, Pair } from 'yaml'
import { nearMisses } from '../near-miss.ts'
import type { Problems } from './problems.ts'
import { beyondYamlBounds, yamlBounds } from './yaml-bounds.ts'

/** A place in a YAML file that knows its line and key path, and complains about what does not fit there. */
export class YamlCursor {
  readonly path: string
  readonly line: number
  readonly #node: Node | null
  readonly #file: YamlFile

  constructor(file: YamlFile, node: Node | null, path: string, line: number) {
    this.#file = file
    this.#node = isAlias(node) ? (file.targetOf(node) ?? null) : node
    this.path = path
    this.line = line
  }

  complain(what: string): void {
    this.#file.problems.add(this.line, this.path, what)
  }

  /** What is written here, for messages. */
  get written(): string {
    const node = this.#node
    if (isMap(node)) return 'a map'
    if (isSeq(node)) return 'a list'
    if (!isScalar(node) || node.value === null) return 'nothing'
    return typeof node.value === 'string' ? `'${node.value}'` : (node.source ?? JSON.stringify(node.value))
  }

  get kind(): 'map' | 'list' | 'value' | 'nothing' {
    if (isMap(this.#node)) return 'map'
    if (isSeq(this.#node)) return 'list'
    return isScalar(this.#node) && this.#node.value !== null ? 'value' : 'nothing'
  }

  /** Its tag where it has one of its own, such as `!vault`. */
  get tag(): string | undefined {
    const tag = this.#node?.tag
    return tag?.startsWith('!') === true ? tag : undefined
  }

  /** One value as it is written, whatever its type; undefined, without a complaint, where there is none. */
  get value(): string | undefined {
    const node = this.#node
    if (!isScalar(node) || node.value === null) return undefined
    return typeof node.value === 'string' ? node.value : (node.source ?? JSON.stringify(node.value))
  }

  /** Keys in order with their cursors. Twice the same key is wrong; the first one is kept. */
  map(): ReadonlyMap<string, YamlCursor> | undefined {
    const node = this.#node
    if (!isMap(node)) {
      this.complain(`must be a map of keys and values, is ${this.written}`)
      return undefined
    }
    if (!this.#file.visits(node.items.length, this)) return undefined
    const entries = new Map<string, YamlCursor>()
    for (const pair of node.items as Pair<Node, Node | null>[]) {
      const [key, line] = [keyText(pair.key), this.#file.lineOf(pair.key, this.line)]
      const path = this.path === '' ? key : `${this.path}.${key}`
      const first = entries.get(key)
      if (first === undefined) entries.set(key, new YamlCursor(this.#file, pair.value, path, line))
      else this.#file.problems.add(line, path, `is given twice, first on line ${first.line}`)
    }
    return entries
  }

  /** A map with fixed keys; others are named with what was probably meant. */
  record(keys: readonly string[]): ReadonlyMap<string, YamlCursor> | undefined {
    const entries = this.map()
    for (const [key, value] of entries ?? []) {
      if (keys.includes(key)) continue
      const meant = nearMisses(key, keys, 1)[0]
      const guess = meant === undefined ? '' : `, did you mean '${meant}'?`
      value.complain(`unknown key${guess}; valid: ${keys.join(', ')}`)
    }
    return entries
  }

  text(): string | undefined {
    const value = isScalar(this.#node) ? this.#node.value : undefined
    if (typeof value === 'string' && value.trim() !== '') return value
    this.complain(`must be text, is ${this.written}`)
    return undefined
  }

  integer(min: number, max: number): number | undefined {
    const value = isScalar(this.#node) ? this.#node.value : undefined
    if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value
    this.complain(`must be a whole number from ${min} to ${max}, is ${this.written}`)
    return undefined
  }

  flag(): boolean | undefined {
    const value = isScalar(this.#node) ? this.#node.value : undefined
    if (typeof value === 'boolean') return value
    this.complain(`must be true or false, is ${this.written}`)
    return undefined
  }

  /** Entries in order; complains about anything but a list with at least one. */
  list(): readonly YamlCursor[] {
    const node = this.#node
    if (!isSeq(node) || node.items.length === 0) {
      this.complain(`must be a list with at least one entry, is ${isSeq(node) ? 'empty' : this.written}`)
      return []
    }
    if (!this.#file.visits(node.items.length, this)) return []
    return (node.items as (Node | null)[]).map(
      (item, index) =>
        new YamlCursor(this.#file, item, `${this.path}[${index}]`, this.#file.lineOf(item, this.line)),
    )
  }

  oneOf<T extends string>(allowed: readonly T[]): T | undefined {
    const value = isScalar(this.#node) ? this.#node.value : undefined
    const found = allowed.find((one) => one === value)
    if (found === undefined) this.complain(`must be ${allowed.join(' or ')}, is ${this.written}`)
    return found
  }
}

function keyText(key: Node | null): string {
  return isScalar(key) ? (key.source ?? String(key.value)) : String(key)
}

/** A parsed YAML file; its syntax errors are already among the problems. */
export class YamlFile {
  readonly document: Document
  readonly problems: Problems
  readonly #lines = new LineCounter()
  readonly #isBeyondBounds: boolean
  #targets: ReadonlyMap<Alias, Node> | undefined
  #visited = 0

  constructor(text: string, problems: Problems) {
    this.problems = problems
    const beyond = beyondYamlBounds(text)
    this.#isBeyondBounds = beyond !== undefined
    if (beyond !== undefined) {
      problems.add(beyond.line, '', beyond.what, beyond.hint)
      this.document = parseDocument('')
      return
    }
    this.document = parseDocument(text, {
      lineCounter: this.#lines,
      uniqueKeys: false,
      prettyErrors: false,
    })
    for (const error of this.document.errors) {
      const what = error.code === 'MULTIPLE_DOCS' ? 'more than one document (---) in the file' : error.message
      problems.add(this.#lines.linePos(error.pos[0]).line, '', `not valid YAML: ${what}`)
    }
  }

  get root(): YamlCursor {
    return new YamlCursor(this, this.document.contents, '', this.lineOf(this.document.contents, 1))
  }

  get isSound(): boolean {
    return !this.#isBeyondBounds && this.document.errors.length === 0
  }

  /** What an alias stands for: the last node before it with that anchor. All are found in one go. */
  targetOf(alias: Alias): Node | undefined {
    this.#targets ??= targetsOf(this.document)
    return this.#targets.get(alias)
  }

  /** Counts entries that are read, those of aliases each time; complains, and says no, once there are too many. */
  visits(entries: number, at: YamlCursor): boolean {
    const before = this.#visited
    this.#visited += entries
    if (this.#visited <= yamlBounds.mostEntries) return true
    if (before <= yamlBounds.mostEntries) {
      at.complain(
        `here the file has more than ${yamlBounds.mostEntries} entries, those behind aliases counted each time; that is the most that are read`,
      )
    }
    return false
  }

  lineOf(node: unknown, otherwise: number): number {
    const range = (node as { range?: readonly number[] | null } | null)?.range
    return range?.[0] === undefined ? otherwise : this.#lines.linePos(range[0]).line
  }
}

function targetsOf(document: Document): ReadonlyMap<Alias, Node> {
  const [anchors, targets] = [new Map<string, Node>(), new Map<Alias, Node>()]
  visit(document, (_key, node) => {
    if (isAlias(node)) {
      const target = anchors.get(node.source)
      if (target !== undefined) targets.set(node, target)
    } else if (isNode(node) && node.anchor !== undefined) anchors.set(node.anchor, node)
  })
  return targets
}
