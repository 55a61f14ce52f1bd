/**
 * Labs of as many nodes as are asked for, verified one after another: time, memory, and what each node was asked for.
 *
 *     npm run bench:nodes [-- NODES...] [--profile NAME...] [--hosts container|vm] [--engine-image IMAGE] [--keep FOLDER]
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { stringify } from 'yaml'
import { median } from '../lib/median.ts'
import { packageRoot } from '../lib/package-root.ts'
import { summarizeRun } from '../lib/conformance/run-record.ts'
import { readRun } from '../lib/report/read-run.ts'
import { measure } from './run/measure.ts'

const usage = `Usage: npm run bench:nodes [-- NODES...] [--profile NAME...] [--hosts container|vm] [--engine-image IMAGE]
                           [--keep FOLDER]

3, 5, 10 and 20 nodes, profile quick, as containers of docker:dind where nothing is said. Run nothing else meanwhile: memory
is what the machine has less of at worst. --keep stores topologies and runs there.
`

/** A mistake in what was given, or what a command said: without the place in these sources. */
function refuse(error: unknown, exitCode: number): never {
  process.stderr.write(
    `${error instanceof Error ? error.message : String(error)}\n${exitCode === 64 ? usage : ''}`,
  )
  process.exit(exitCode)
}

const { values, positionals } = given()

function given() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        profile: { type: 'string', multiple: true, default: ['quick'] },
        hosts: { type: 'string', default: 'container' },
        'engine-image': { type: 'string' },
        keep: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    })
  } catch (error) {
    return refuse(error, 64)
  }
}
if (values.help) {
  process.stdout.write(usage)
  process.exit(0)
}
const counts = positionals.length > 0 ? positionals.map(Number) : [3, 5, 10, 20]
const most = 200
if (!counts.every((nodes) => Number.isInteger(nodes) && nodes >= 3 && nodes <= most))
  refuse(`NODES are numbers from 3 to ${most}`, 64)
const folder = values.keep ?? mkdtempSync(join(tmpdir(), 'swarmproof-nodes-'))
mkdirSync(folder, { recursive: true })
const interruption = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => interruption.abort(new Error(`ended by ${signal}`)))

/** One manager up to four nodes, three beyond, as operators have them. */
function topologyOf(nodes: number): string {
  const managers = nodes < 5 ? 1 : 3
  const named = Array.from({ length: nodes }, (_, index) => {
    const isManager = index < managers
    const name = isManager ? `manager${managers === 1 ? '' : index + 1}` : `worker${index - managers + 1}`
    const address = `10.88.${Math.floor(index / 200)}.${(index % 200) + 11}`
    return [name, { role: isManager ? 'manager' : 'worker', addresses: { underlay: address } }]
  })
  return stringify({
    description: `${nodes} nodes`,
    underlays: { underlay: { subnet: '10.88.0.0/16' } },
    nodes: Object.fromEntries(named) as Record<string, unknown>,
  })
}

/** MiB that programs could still have; without what is cached and can be given up. */
const availableMib = (): number =>
  Number(/MemAvailable:\s+(\d+)/.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1] ?? NaN) / 1024

const rows: object[] = []
let failure: unknown
try {
  for (const nodes of counts)
    for (const profile of values.profile) {
      process.stderr.write(`  ${nodes} nodes, ${profile} …\n`)
      rows.push(await rowOf(nodes, profile))
    }
} catch (error) {
  failure = error
}
process.stdout.write(`${JSON.stringify(rows, undefined, 1)}\n`)
if (values.keep === undefined) rmSync(folder, { recursive: true })
if (failure !== undefined) refuse(failure, 70)

async function rowOf(nodes: number, profile: string): Promise<object> {
  const file = join(folder, `${nodes}-nodes.yaml`)
  writeFileSync(file, topologyOf(nodes))
  const before = availableMib()
  let least = before
  const watch = setInterval(() => (least = Math.min(least, availableMib())), 500)
  const reports = join(folder, `${nodes}-${profile}`)
  const image = values['engine-image'] === undefined ? [] : ['--engine-image', values['engine-image']]
  const program = [process.execPath, join(packageRoot(), 'bin', 'swarmproof.js')]
  const words = ['run', file, '--profile', profile, '--hosts', values.hosts, ...image]
  try {
    const { wallSeconds, cpuSeconds } = await measure(
      { words: [...program, ...words, '--report-dir', reports], folder, expected: [0, 1, 2] },
      interruption.signal,
    )
    const memory = { 'memory MiB': Math.round(before - least) }
    const whole = { 'whole s': wallSeconds, 'CPU s': cpuSeconds }
    return { nodes, profile, ...whole, ...memory, ...(await told(reports)) }
  } finally {
    clearInterval(watch)
  }
}

/** What the stored run says of itself. */
async function told(reports: string): Promise<object> {
  const record = await readRun(join(reports, 'latest'))
  const { conclusion, counts } = summarizeRun(record)
  const [lab] = record.labs
  const { expected, verified, calls = {} } = lab ?? {}
  const isManager = (node: string): boolean => node.startsWith('manager')
  const ofNodes = (which: (node: string) => boolean, what: 'commands' | 'engineRequests'): number[] =>
    Object.entries(calls).flatMap(([node, counted]) => (which(node) ? [counted[what]] : []))
  const skipped = record.requirements.flatMap(({ verdict }) =>
    verdict?.outcome === 'skip' ? [verdict.reason.replace(/ on .*/s, '')] : [],
  )
  return {
    'verifying s': verified?.seconds,
    'expected s': [expected?.seconds, expected?.least, expected?.most],
    probes: verified?.probes,
    'expected probes': expected?.probes,
    outcome: `${conclusion}: ${counts.pass} pass, ${counts.fail} fail, ${counts.skip} skipped, ${counts.inconclusive} inconclusive, ${counts.broken} broken`,
    'skipped for': [...new Set(skipped)],
    'commands a worker': median(ofNodes((node) => !isManager(node), 'commands')),
    'requests to the engine of a worker': median(ofNodes((node) => !isManager(node), 'engineRequests')),
    'commands of managers': Math.max(...ofNodes(isManager, 'commands')),
    'requests to the engines of managers': Math.max(...ofNodes(isManager, 'engineRequests')),
  }
}
