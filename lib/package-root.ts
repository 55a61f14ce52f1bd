import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { SwarmproofError } from './error.ts'

/** The folder of package.json, from a checkout as well as from the compiled package. */
export function packageRoot(from: string = import.meta.url): string {
  const start = dirname(fileURLToPath(from))
  for (let folder = start; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return folder
    if (folder === dirname(folder)) {
      throw new SwarmproofError({
        code: 'PACKAGE_ROOT',
        what: 'swarmproof does not find its own files',
        expected: `a package.json above ${start}`,
        hint: 'install the package again',
      })
    }
  }
}

/** Of this package. */
export function version(): string {
  const manifest = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')) as {
    version: string
  }
  return manifest.version
}
