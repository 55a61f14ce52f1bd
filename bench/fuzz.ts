import { parseArgs } from 'node:util'
import { fuzz, type Kind, kinds } from '../lib/fuzz/fuzz.fake.ts'

/**
 * `npm run fuzz -- --minutes 10`: mutated captures, stored runs, inventories, topologies and answers of hosts, read as
 * the program reads them. Only errors of input may come of them; what is read must not depend on how it is cut, mean
 * the same twice, and reach no report as markup or control characters.
 */
const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string' },
    only: { type: 'string' },
  },
})

function refuse(message: string): never {
  console.error(message)
  process.exit(64)
}

const minutes = Number(values.minutes)
const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed)
const only = kinds.find((kind) => kind === values.only)
if (!(minutes >= 0)) refuse(`--minutes '${values.minutes}' is no number`)
if (!Number.isInteger(seed)) refuse(`--seed '${values.seed ?? ''}' is no whole number`)
if (values.only !== undefined && only === undefined)
  refuse(`--only '${values.only}' is none of ${kinds.join(', ')}`)

const endMs = performance.now() + minutes * 60_000
console.log(`seed ${seed}`)
const report = await fuzz({
  seed,
  ...(only === undefined ? {} : { only: only satisfies Kind }),
  goOn: (rounds) => rounds === 0 || performance.now() < endMs,
})
console.log('  inputs     taken')
for (const [name, count] of Object.entries(report.inputs)) {
  console.log(`${String(count).padStart(8)}  ${String(report.taken[name]).padStart(8)}  ${name}`)
}
const { slowest } = report
console.log(`slowest input: ${Math.round(slowest.cpuMs)} ms of CPU (${slowest.target}, seed ${slowest.seed})`)
console.log(`peak memory: ${Math.round(report.peakMib)} MiB`)
for (const { kind, name, seed: at, what } of report.findings) {
  console.log(`\n${kind}: ${name}\n${what}\nagain: npm run fuzz -- --only ${kind} --minutes 0 --seed ${at}`)
}
console.log(`${report.findings.length} findings`)
process.exitCode = report.findings.length === 0 ? 0 : 1
