/**
 * Plans, judges, explains and reports runs of many nodes that no host is needed for: a stored run of three nodes,
 * repeated for as many as are asked for with addresses of their own. Says what each costs, the largest processes first.
 *
 *     npm run bench:scale [-- NODES...] [--keep FOLDER]
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const mostMib = 500

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { keep: { type: 'string' } },
})
const counts = positionals.length > 0 ? positionals.map(Number) : [3, 5, 10, 20, 50, 200]
const folder = values.keep ?? mkdtempSync(join(tmpdir(), 'swarmproof-scale-'))

interface Measured {
  readonly seconds: Readonly<Record<string, number>>
  readonly mib: number
  readonly probes: number
  readonly outcome: string
  readonly findings: readonly string[]
}

const part = (name: string, ...words: string[]): string =>
  execFileSync(
    process.execPath,
    ['--import', 'tsx', fileURLToPath(new URL(`./${name}.ts`, import.meta.url)), ...words],
    { encoding: 'utf8', maxBuffer: 1 << 26, stdio: ['ignore', 'pipe', 'inherit'] },
  )

let heaviest = 0
const rows = counts.flatMap((nodes) =>
  ['whole', 'cut-off', 'half-cut-off', 'all-cut-off'].map((state) => {
    const run = join(folder, `${nodes}-${state}`)
    mkdirSync(run, { recursive: true })
    part('scale-observe', String(nodes), state, run)
    const measured = JSON.parse(part('scale-judge', run).trim().split('\n').at(-1) ?? '') as Measured
    heaviest = Math.max(heaviest, measured.mib)
    const kib = (file: string): number => Math.round(statSync(join(run, file)).size / 1024)
    const observations = readdirSync(join(run, 'observations')).map((file) => kib(`observations/${file}`))
    return {
      ...{ nodes, state, probes: measured.probes, ...measured.seconds, MiB: measured.mib },
      'observations MiB': Math.round(observations.reduce((sum, size) => sum + size, 0) / 1024),
      'run.json KiB': kib('run.json'),
      'HTML KiB': kib('conformance.html'),
      ...{ outcome: measured.outcome, findings: measured.findings.join('; ') },
    }
  }),
)
process.stdout.write(`${JSON.stringify(rows, undefined, 1)}\n`)
if (values.keep === undefined) rmSync(folder, { recursive: true })
if (heaviest > mostMib) {
  process.stderr.write(`judging and reporting took ${heaviest} MiB, more than ${mostMib}\n`)
  process.exitCode = 1
}
