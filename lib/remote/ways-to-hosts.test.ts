import { readFileSync, readdirSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'

/**
 * Libraries that would connect to a host or an engine by themselves, and the files that may use them: what they do there
 * is verified (a host key is looked at, an engine behind SSH is given as a socket of ours). Types alone do no harm.
 */
const doors: Readonly<Record<string, readonly string[]>> = {
  ssh2: [
    'lib/remote/handshake.ts',
    // Keys and agents, no connections.
    ...['key-file.ts', 'key-login.ts', 'identities.ts'].map((name) => `lib/remote/open-ssh/${name}`),
  ],
  dockerode: ['lib/host/container/engine.ts'],
  testcontainers: ['lib/host/container/host-container.ts'],
  'docker-modem': [],
}

const root = join(dirname(fileURLToPath(import.meta.url)), '../..')

function sources(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !/\.(test|fake|lab)\.ts$/.test(name))
    .map((name) => join(root, folder, name))
}

function trespasses(file: string, text: string): string[] {
  const imports = text.matchAll(/import (?!type )[^;]*?from '([^'./][^']*)'|import\('([^'./][^']*)'\)/g)
  return [...imports].flatMap(([, named, loaded]) => {
    const name = named ?? loaded ?? ''
    const allowed = doors[name]
    const place = relative(root, file)
    return allowed === undefined || allowed.includes(place) ? [] : [`${place} uses ${name}`]
  })
}

describe('ways to hosts', () => {
  it('are few, and each verifies whom it reaches', () => {
    const found = ['lib', 'suites', 'bench', 'docs'].flatMap(sources)
    expect(found.flatMap((file) => trespasses(file, readFileSync(file, 'utf8')))).to.deep.equal([])
    for (const file of Object.values(doors).flat()) expect(found).to.include(join(root, file))
  })

  it('are told from types, and seen however they are written', () => {
    const file = join(root, 'suites/x.ts')
    expect(trespasses(file, "import type { Client } from 'ssh2'\n")).to.deep.equal([])
    for (const line of [
      "import { Client } from 'ssh2'",
      "import Docker from 'dockerode'",
      "import {\n  Client,\n} from 'ssh2'",
      "const { Client } = await import('ssh2')",
    ])
      expect(trespasses(file, line)).to.have.lengthOf(1)
  })
})
