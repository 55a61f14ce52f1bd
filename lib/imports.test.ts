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
  swarm: 3,
  probe: 3,
  capture: 3,
  observe: 3,
  fault: 4,
  conformance: 4,
  suites: 5,
  report: 5,
  diagnosis: 5,
  cli: 6,
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

function violations(file: string, text: string): string[] {
  const found: string[] = []
  for (const match of text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)) {
    const why = violation(file, resolve(dirname(file), match[1] ?? ''))
    if (why !== undefined) {
      const line = text.slice(0, match.index).split('\n').length
      found.push(`${relative(root, file)}:${line} imports ${match[1]}: ${why}`)
    }
  }
  return found
}

/** Tests, and what only they import, may reach sideways: a lab test drives the whole house. */
const isTest = (file: string): boolean => /\.(test|lab|fake)\.ts$/.test(file)

describe('import rule', () => {
  it('holds in every file', () => {
    const files = [...sources('lib'), ...sources('suites')].filter((file) => !isTest(file))
    expect(files.flatMap((file) => violations(file, readFileSync(file, 'utf8')))).to.deep.equal([])
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
