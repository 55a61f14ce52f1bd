import { createHash } from 'node:crypto'
import type { ClusterFacts } from '../../lib/observation/facts.ts'
import { nodePairs, pairSample } from '../../lib/observation/pair-sample.ts'
import type { HostState } from '../../lib/observe/host-state.ts'
import type { Files } from '../stored/stored-run.ts'

/** How many nodes a lab of three becomes, and how many of them are as the one with the fault. */
export interface Many {
  readonly count: number
  /** All but the manager where it is `count - 1`; all of them where it is `count`. */
  readonly affected: number
}

/** A node of the larger lab: which of the recorded ones it repeats, and for the how manieth time. */
interface Copy {
  readonly name: string
  readonly of: string
  readonly turn: number
}

/** Which node stands in the place of a recorded one. */
type Places = ReadonlyMap<string, Copy>

/** Lists of turns, not of nodes: each entry stays one. */
const ofTurns: ReadonlySet<string> = new Set([
  'labs',
  'requirements',
  'attempts',
  'replies',
  'replyBytes',
  'http',
])

/**
 * What a lab of two or three nodes stored, as a lab of many would have: what hosts showed of the node with the fault is
 * repeated for every affected node, what they showed of a sound one for the others, and what they showed of two nodes for
 * every pair that is tried. Names, addresses and identifiers are each node’s own.
 */
export function multiplied(files: Files, faulty: string, many: Many): Files {
  const texts = Object.entries(files)
  const facts = JSON.parse(texts.find(([file]) => file.includes('facts#'))?.[1] ?? '{}') as ClusterFacts
  const wide = new Widened(facts)
  const plan = new Multiplication(
    wide.of(facts) as ClusterFacts,
    texts.filter(([file]) => isKernel(file)).map(([, text]) => wide.of(JSON.parse(text))),
    faulty,
    many,
  )
  const times = Math.ceil((many.count - 1) / (facts.nodes.length - 1))
  return Object.fromEntries(
    texts.map(([file, text]) => {
      const seen = wide.of(JSON.parse(text))
      return [file, JSON.stringify(plan.of(isKernel(file) ? counted(seen, times) : seen, file))]
    }),
  )
}

const isKernel = (file: string): boolean => /kernel(?:-after)?#/.test(file)

/** Of more nodes more packets come: what was counted of them. */
function counted(value: unknown, times: number, isCounter = false): unknown {
  if (typeof value === 'number') return isCounter ? value * times : value
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((one) => counted(one, times, isCounter))
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [
      key,
      counted(one, times, isCounter || ['packets', 'bytes', 'dropped', 'errors', 'counters'].includes(key)),
    ]),
  )
}

/** Subnets of 250 addresses become such of 60000, and what was the third byte is free for the turn. */
class Widened {
  readonly #second = new Map<string, number>()
  readonly #pattern: RegExp

  constructor({ networks, topology }: ClusterFacts) {
    const subnets = [
      ...topology.underlays.map(({ subnet }) => subnet),
      ...Object.values(networks).map(({ subnet }) => subnet),
    ]
    for (const subnet of subnets) {
      const start = subnet.replace(/\.\d+\/24$/, '')
      if (!this.#second.has(start)) this.#second.set(start, 100 + this.#second.size)
    }
    const starts = [...this.#second.keys()].map((start) => start.replaceAll('.', String.raw`\.`))
    this.#pattern = new RegExp(String.raw`(?<![\d.])(${starts.join('|')})\.(\d+)(/24)?(?![\d.])`, 'g')
  }

  of(value: unknown): unknown {
    const text = JSON.stringify(value).replaceAll(
      this.#pattern,
      (_, start: string, last: string, wide: string | undefined) =>
        `10.${this.#second.get(start) ?? 0}.0.${last}${wide === undefined ? '' : '/16'}`,
    )
    return JSON.parse(
      text.replaceAll(/("address":"10\.1\d\d\.0\.\d+","prefixLength":)24\b/g, '$116'),
    ) as unknown
  }
}

type Wires = Readonly<Record<string, { readonly got?: { readonly frames?: readonly object[] } }>>

/** A word that only one recorded node has, and as what: the others have their own for the same. */
interface Own {
  readonly node: string
  readonly as: string
}

interface Mentioned {
  readonly node: string
  readonly as: readonly string[]
}

class Multiplication {
  readonly #own: ReadonlyMap<string, Own>
  /** By node and by what it stands for. */
  readonly #words: ReadonlyMap<string, string>
  readonly #pattern: RegExp
  readonly #copies: readonly Copy[]
  readonly #faulty: string
  readonly #sound: string
  readonly #tried: ReadonlySet<string>
  readonly #facts: ClusterFacts
  /** What is being written is of something that the node in whose place another stands does not have. */
  #lacks = false

  constructor(facts: ClusterFacts, kernels: readonly unknown[], faulty: string, { count, affected }: Many) {
    this.#own = ownWords(facts, kernels)
    this.#words = new Map([...this.#own].map(([word, { node, as }]) => [`${node} ${as}`, word]))
    const words = [...this.#own.keys()].toSorted((a, b) => b.length - a.length)
    this.#pattern = new RegExp(
      String.raw`(?<![A-Za-z0-9.:])(?:${words.map((word) => word.replaceAll('.', String.raw`\.`)).join('|')})(?![A-Za-z0-9]|[.:][\da-f])`,
      'g',
    )
    const others = facts.nodes.map(({ name }) => name).filter((name) => name !== faulty)
    this.#faulty = faulty
    this.#sound = others.at(-1) ?? faulty
    const first = others.length > 1 && count > affected ? others.slice(0, 1) : []
    const sound = count - affected - first.length
    let number = facts.nodes.length - 1
    const copies = (of: string, times: number): Copy[] =>
      Array.from({ length: Math.max(0, times) }, (_, turn) => ({
        ...{ of, turn, name: turn === 0 ? of : `worker${(number += 1)}` },
      }))
    this.#copies = [
      ...first.flatMap((name) => copies(name, 1)),
      ...copies(this.#sound, sound),
      ...copies(faulty, affected),
    ]
    const nodes = this.#copies.map(({ name }) => ({ name, takesTasks: true }))
    const pairs = pairSample(nodes, 4242)
    this.#tried = new Set(
      nodePairs(pairs === undefined ? {} : { pairs }, nodes, ({ name }) => name).map(
        ([from, to]) => `${from.name} ${to.name}`,
      ),
    )
    this.#facts = { ...facts, ...(pairs === undefined ? {} : { pairs }) }
  }

  of(value: unknown, file: string): unknown {
    const all = this.#each(value, new Map(), '')
    const { pairs } = this.#facts
    if (pairs === undefined) return all
    if (file.includes('facts#')) return { ...(all as object), pairs }
    if (file !== 'run.json') return all
    const run = all as { labs: object[] }
    const { seed, taken, of } = pairs
    return { ...run, labs: run.labs.map((lab) => ({ ...lab, pairs: { seed, taken, of } })) }
  }

  #each(value: unknown, places: Places, key: string): unknown {
    if (typeof value === 'string') return key === 'role' ? value : this.#renamed(value, places)
    if (Array.isArray(value)) {
      if (ofTurns.has(key)) return value.map((one) => this.#each(one, places, ''))
      return value.flatMap((one: unknown) =>
        this.#placed(this.#mentions(one, places), places).flatMap((inner) =>
          this.#unlessLacking(() => this.#each(one, inner, '')),
        ),
      )
    }
    if (typeof value !== 'object' || value === null) return value
    if (key === 'wires' && Object.keys(value).every((name) => this.#own.get(name)?.as === 'name'))
      return this.#wires(value as Wires)
    return Object.fromEntries(
      Object.entries(value).flatMap(([name, one]) => {
        const of = this.#mentions(name, places)
        if (of.length === 0) return [[this.#renamed(name, places), this.#each(one, places, name)]]
        return this.#placed(of, places).flatMap((inner) =>
          this.#unlessLacking(() => [this.#renamed(name, inner), this.#each(one, inner, name)]),
        )
      }),
    )
  }

  /** Both ends of a pair that stands for another have the frames of that one. */
  #wires(wires: Wires): Wires {
    const framesOf = (name: string): readonly object[] => wires[name]?.got?.frames ?? []
    return Object.fromEntries(
      this.#copies.flatMap((copy) => {
        const own = wires[copy.of]
        if (own?.got === undefined) return [[copy.name, own ?? {}]]
        const places = new Map([[copy.of, copy]])
        const beside = this.#beside(copy.of)
        const frames = [
          ...framesOf(copy.of).flatMap((frame) => this.#framesOf(frame, places, copy.of)),
          ...framesOf(beside).flatMap((frame) => this.#framesOf(frame, new Map([[beside, copy]]), copy.of)),
        ]
        const { got } = this.#each(own, places, '') as { got: object }
        return [[copy.name, { got: { ...got, frames } }]]
      }),
    )
  }

  /** Those of a node in whose place one of a kind stands. */
  #framesOf(frame: object, places: Places, kind: string): object[] {
    const free = this.#mentions(frame, places)
    const [[recorded = '', copy]] = [...places] as [[string, Copy]]
    const [one, more] = free
    if (more !== undefined) return []
    if (one === undefined) return recorded === kind ? [frame] : []
    return this.#copies
      .filter((other) => other.name !== copy.name && this.#arePair([recorded, copy], [one.node, other]))
      .flatMap((other) =>
        this.#unlessLacking(() => {
          const pair = [copy.name, other.name].toSorted().join(' ')
          const made = this.#each(frame, new Map([...places, [one.node, other]]), '') as object
          return Object.fromEntries(
            Object.entries(made).map(([key, value]) => [
              key,
              (key === 'digest' || key === 'innermost') && copy.turn + other.turn > 0
                ? createHash('sha256')
                    .update(`${String(value)} ${pair}`)
                    .digest('hex')
                    .slice(0, 16)
                : (value as unknown),
            ]),
          )
        }),
      )
  }

  #unlessLacking<T>(write: () => T): T[] {
    const before = this.#lacks
    this.#lacks = false
    const written = write()
    const lacks = this.#lacks
    this.#lacks = before
    return lacks ? [] : [written]
  }

  /** Recorded nodes without a place that a value is of; lists and tables in it are of whom their entries say. */
  #mentions(value: unknown, places: Places): Mentioned[] {
    const found = new Map<string, string[]>()
    const look = (part: unknown): void => {
      if (typeof part === 'string')
        for (const [word] of part.matchAll(this.#pattern)) {
          const { node, as } = this.#own.get(word) as Own
          found.set(node, [...(found.get(node) ?? []), as])
        }
      else if (typeof part === 'object' && part !== null && !Array.isArray(part))
        for (const [name, inner] of Object.entries(part))
          if (!this.#own.has(name) && name !== 'role') look(inner)
    }
    look(value)
    return [...found].flatMap(([node, as]) => (places.has(node) ? [] : [{ node, as }]))
  }

  /** Every way to give these nodes places; one without, where they are all that there are. */
  #placed([first, second, third]: readonly Mentioned[], places: Places): Places[] {
    const taken = new Set([...places.values()].map(({ name }) => name))
    if (first === undefined || third !== undefined) return [places]
    const a = first.node
    if (second === undefined) {
      const [bound] = places.keys()
      return this.#copies
        .filter((copy) => !taken.has(copy.name) && this.#isFor(copy, first, bound))
        .map((copy) => new Map([...places, [a, copy]]))
    }
    const b = second.node
    return this.#copies.flatMap((one) =>
      this.#copies
        .filter((other) => this.#arePair([a, one], [b, other]))
        .map((other) => new Map([...places, [a, one], [b, other]])),
    )
  }

  /** Beside a node that has its place, or by itself. */
  #isFor(copy: Copy, { node, as }: Mentioned, bound: string | undefined): boolean {
    if (copy.of === node) return true
    if (bound === undefined || copy.of !== bound) return false
    // Two of a kind are as the recorded one of it and another that was recorded beside it, if that one has the same.
    const has = (name: string): boolean => as.every((one) => this.#words.has(`${name} ${one}`))
    const beside = this.#beside(bound)
    return node === beside || !has(beside)
  }

  /** Of whom it was seen what one of a kind is to another. */
  #beside(kind: string): string {
    if (kind === this.#faulty) return this.#sound
    const [first] = this.#copies
    return first === undefined || first.of === this.#sound ? this.#faulty : first.of
  }

  #arePair([a, one]: readonly [string, Copy], [b, other]: readonly [string, Copy]): boolean {
    if (one.name === other.name) return false
    if (!this.#tried.has(`${one.name} ${other.name}`) && !this.#tried.has(`${other.name} ${one.name}`))
      return false
    if (one.of === a && other.of === b) return true
    // The earlier one stands for the other kind, so that each pair is there once.
    if (other.of === b && one.of === b && a === this.#beside(b)) return one.turn < other.turn
    return one.of === a && other.of === a && b === this.#beside(a) && other.turn < one.turn
  }

  #renamed(text: string, places: Places): string {
    return text.replaceAll(this.#pattern, (word) => {
      const own = this.#own.get(word)
      if (own === undefined) return word
      const copy = places.get(own.node)
      if (copy === undefined)
        return own.as === 'name' && !this.#copies.some(({ of }) => of === own.node)
          ? (this.#copies[0]?.name ?? word)
          : word
      if (own.as === 'name') return copy.name
      const its = this.#words.get(`${copy.of} ${own.as}`)
      if (its === undefined) this.#lacks = true
      return its === undefined || copy.turn === 0 ? (its ?? word) : ofTurn(its, copy.turn)
    })
  }
}

/** What one that repeats a node has for a word of it. */
function ofTurn(word: string, turn: number): string {
  const [, network, last] = /^10\.(1\d\d)\.0\.(\d+)$/.exec(word) ?? []
  if (network !== undefined && last !== undefined) return `10.${network}.${turn}.${last}`
  const [high, low] = [turn >> 8, turn & 255].map((byte) => byte.toString(16).padStart(2, '0'))
  if (/^(?:[\da-f]{2}:){5}[\da-f]{2}$/.test(word)) return `06:${high}:${low}${word.slice(8)}`
  return createHash('sha256').update(`${word} ${turn}`).digest('hex').padEnd(64, '0').slice(0, word.length)
}

function ownWords(facts: ClusterFacts, kernels: readonly unknown[]): ReadonlyMap<string, Own> {
  const own = new Map<string, Own>()
  const add = (word: string | undefined, node: string, as: string): void => {
    if (word !== undefined && !own.has(word)) own.set(word, { node, as })
  }
  for (const { name, nodeId, advertise, dataPath, macs } of facts.nodes) {
    add(name, name, 'name')
    add(nodeId, name, 'id')
    add(advertise.address, name, 'address')
    add(dataPath.address, name, 'data')
    add(macs[dataPath.interface], name, 'mac')
    for (const service of new Set(facts.tasks.map((task) => task.service)))
      for (const [index, task] of facts.tasks
        .filter((one) => one.node === name && one.service === service)
        .entries()) {
        const as = `${service} ${index}`
        add(task.id, name, `${as} id`)
        add(task.containerId, name, `${as} container`)
        add(task.hostname, name, `${as} host`)
        for (const [network, { address, mac }] of Object.entries(task.endpoints)) {
          add(address, name, `${as} ${network}`)
          add(mac, name, `${as} ${network} mac`)
        }
      }
  }
  for (const { seen = {} } of kernels as { seen?: Readonly<Record<string, HostState>> }[]) {
    const held = Object.entries(seen).map(([node, { namespaces, bootId }]) => {
      add(bootId, node, 'boot')
      return [
        node,
        Object.values(namespaces)
          .flatMap(({ links }) => links)
          .flatMap(({ addresses, mac }) => addresses.map(({ address }) => ({ address, mac }))),
      ] as const
    })
    for (const [node, links] of held)
      for (const { address, mac } of links) {
        const network = /^10\.(1\d\d)\.0\.\d+$/.exec(address)?.[1]
        const others = held.filter(([name]) => name !== node).flatMap(([, its]) => its)
        if (network === undefined || others.some((one) => one.address === address)) continue
        const index = [...own.values()].filter(
          (one) => one.node === node && one.as.startsWith(`in ${network} `),
        ).length
        if (own.has(address)) continue
        add(address, node, `in ${network} ${index}`)
        add(mac, node, `in ${network} ${index} mac`)
      }
  }
  return own
}
