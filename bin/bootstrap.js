import { existsSync, lstatSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Uses Node alone: it runs before any package is there. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** A checkout has the sources beside it; the packed package has only what was compiled. */
export const isCheckout = existsSync(join(root, 'lib', 'cli', 'main.ts'))

/** Installs the lockfile's packages into a checkout unless exactly these are installed already. */
export async function ensurePackages() {
  requireNode()
  if (!isCheckout) return
  const { createHash } = await import('node:crypto')
  const stamp = join(root, 'node_modules', '.swarmproof-lock')
  const wanted = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return
  const folder = join(root, 'node_modules')
  // npm empties the folder first, and that behind a link is somebody else's.
  if (lstatSync(folder, { throwIfNoEntry: false })?.isSymbolicLink())
    fail(
      `${folder} is a link, and what it points to lacks the packages of package-lock.json\n` +
        '  do next:  remove the link, or run `npm ci` where it points',
      70,
    )
  const { spawnSync } = await import('node:child_process')
  process.stderr.write('Installing npm packages from package-lock.json\n')
  const result = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  })
  if (result.status !== 0) {
    fail(`npm ci did not succeed in ${root}\n  do next:  run \`npm ci\` there and fix what it reports`, 70)
  }
  writeFileSync(stamp, wanted)
}

function requireNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major > 20 || (major === 20 && minor >= 19)) return
  fail(`Node ${process.versions.node} is too old\n  expected: 20.19 or newer`, 70)
}

function fail(message, exitCode) {
  process.stderr.write(`swarmproof: ${message}\n`)
  process.exit(exitCode)
}
