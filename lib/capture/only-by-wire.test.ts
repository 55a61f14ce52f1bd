import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { expect } from 'chai'

const root = resolve(import.meta.dirname, '../..')

/** Who may start a capture, and who may run tcpdump: whoever else did could store what is other people's. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  'start-captures.ts': ['lib/conformance/wires.ts'],
  'tcpdump-capture.ts': ['lib/capture/start-captures.ts'],
  'capture-script.ts': ['lib/capture/tcpdump-capture.ts'],
  'recorder.ts': ['lib/capture/tcpdump-capture.ts'],
}

function sources(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !/\.(test|fake|lab)\.ts$/.test(name))
    .map((name) => join(root, folder, name))
}

describe('captures', () => {
  it('are started by the wire alone, which keeps what is the run’s', () => {
    const found = [...sources('lib'), ...sources('suites')].flatMap((file) => {
      const imports = [...readFileSync(file, 'utf8').matchAll(/from '([^']+)'/g)].map(([, name = '']) => name)
      return imports.flatMap((name) => {
        const module = Object.keys(allowed).find((one) => name.endsWith(`/${one}`))
        if (module === undefined || !/capture\/|^\.\//.test(name)) return []
        const importer = relative(root, file)
        return allowed[module]?.includes(importer) ? [] : [`${importer} imports ${module}`]
      })
    })
    expect(found).to.deep.equal([])
  })
})
