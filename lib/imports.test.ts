import { readFileSync, readdirSync } from 'node:fs'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'

/**
 * Imports run one way. A room may import rooms of a lower rank and itself; files directly in lib/ are the
 * foundation and may be imported by all; packet is pure and imports nothing else of ours but itself.
 */
const ranks: Readonly<Record<string, number>> = {
  topology: 0,
  remote: 1,
  setup: 1,
  host: 2,
  packet: 2,
  observation: 1,
  change: 3,
  discovery: 3,
  preflight: 4,
  swarm: 4,
  probe: 4,
  capture: 4,
  observe: 4,
  fault: 5,
  conformance: 5,
  suites: 6,
  report: 6,
  diagnosis: 6,
  cli: 7,
}

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..')

function roomOf(file: string): string | undefined {
  const parts = relative(root, file).split(sep)
  if (parts[0] === 'suites') return 'suites'
  return parts[0] === 'lib' && parts.length > 2 ? parts[1] : undefined
}

function violation(from: string, to: string): string | undefined {
  if (to.endsWith('.fake.ts')) return 'fakes are for tests alone'
  const [source, target] = [roomOf(from), roomOf(to)]
  if (source === undefined || source === target) return undefined
  if (source === 'packet') return 'packet is pure and imports no other room'
  if (target === undefined) return undefined
  const [sourceRank, targetRank] = [ranks[source], ranks[target]]
  if (sourceRank === undefined) return `room '${source}' has no rank in lib/imports.test.ts`
  if (targetRank === undefined) return `room '${target}' has no rank in lib/imports.test.ts`
  return targetRank < sourceRank
    ? undefined
    : `${source} may not import ${target}; move what is shared further down`
}

function sources(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(root, folder, name))
}

interface Import {
  /** As it is written. */
  readonly path: string
  readonly target: string
  readonly line: number
}

/** Imports of our own files, those of types alone and those made on demand, too. */
function importsOf(file: string, text: string): Import[] {
  return [...text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)].map((match) => {
    const path = match[1] ?? ''
    const line = text.slice(0, match.index).split('\n').length
    return { path, target: resolve(dirname(file), path), line }
  })
}

function violations(file: string, text: string): string[] {
  return importsOf(file, text).flatMap(({ path, target, line }) => {
    const why = violation(file, target)
    return why === undefined ? [] : [`${relative(root, file)}:${line} imports ${path}: ${why}`]
  })
}

/** Each way on which a file imports itself in the end, such as `a.ts → b.ts → a.ts`; one for each import that closes it. */
function circles(files: ReadonlyMap<string, string>): string[] {
  const found: string[] = []
  const done = new Set<string>()
  const follow = (file: string, way: readonly string[]): void => {
    const at = way.indexOf(file)
    if (at >= 0) {
      found.push([...way.slice(at), file].map((each) => relative(root, each)).join(' → '))
      return
    }
    const text = files.get(file)
    if (text === undefined || done.has(file)) return
    for (const { target } of importsOf(file, text)) follow(target, [...way, file])
    done.add(file)
  }
  for (const file of files.keys()) follow(file, [])
  return found
}

/** Tests, and what only they import, may reach sideways: a lab test drives the whole house. */
const isTest = (file: string): boolean => /\.(test|lab|fake)\.ts$/.test(file)

describe('import rule', () => {
  const files = new Map(
    ['lib', 'suites', 'bin']
      .flatMap(sources)
      .filter((file) => !isTest(file))
      .map((file) => [file, readFileSync(file, 'utf8')]),
  )

  it('holds in every file', () => {
    expect([...files].flatMap(([file, text]) => violations(file, text))).to.deep.equal([])
  })

  it('is one of no circles: a type or a constant that two files need has a file of its own', () => {
    expect(circles(files)).to.deep.equal([])
  })

  it('sees a circle, of types and of what is imported on demand, too, and names it', () => {
    const at = (name: string): string => join(root, 'lib', 'host', name)
    const texts = new Map([
      [at('a.ts'), "import { b } from './b.ts'\nimport { d } from './d.ts'"],
      [at('b.ts'), "import type { C } from './c.ts'"],
      [at('c.ts'), "const b = await import('./b.ts')"],
      [at('d.ts'), "import { b } from './b.ts'"],
    ])
    expect(circles(texts)).to.deep.equal(['lib/host/b.ts → lib/host/c.ts → lib/host/b.ts'])
    texts.set(at('c.ts'), "import { packageRoot } from '../package-root.ts'")
    expect(circles(texts)).to.deep.equal([])
  })

  it('sees a violation upwards, sideways and out of the pure room', () => {
    const at = (room: string): string => join(root, 'lib', room, 'x.ts')
    expect(violations(at('remote'), "import { a } from '../host/host.ts'")).to.have.lengthOf(1)
    expect(violations(at('probe'), "import type { a } from '../capture/capture.ts'")).to.have.lengthOf(1)
    expect(violations(at('packet'), "import { a } from '../error.ts'")).to.have.lengthOf(1)
    expect(violations(at('packet'), "import { a } from './fixture.fake.ts'")).to.have.lengthOf(1)
    expect(violations(at('host'), "const m = await import('../cli/main.ts')")).to.have.lengthOf(1)
    expect(violations(at('cli'), "import { a } from '../host/host.ts'")).to.have.lengthOf(0)
  })
})
