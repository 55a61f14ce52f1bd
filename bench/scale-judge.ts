import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { judgeRun } from '../lib/conformance/judge-run.ts'
import { summarizeRun } from '../lib/conformance/run-record.ts'
import { observationReader } from '../lib/conformance/stored-files.ts'
import { diagnose } from '../lib/diagnosis/diagnosis.ts'
import { renderHtml } from '../lib/report/html.ts'
import { formats } from '../lib/report/format-table.ts'
import { readRun } from '../lib/report/read-run.ts'
import { suites } from '../suites/index.ts'

const [folder = ''] = process.argv.slice(2)
const seconds: Record<string, number> = {}
/** Of processor: machines that do other work beside must not change the figures. */
let since = process.cpuUsage()
const lap = (name: string): void => {
  const { user, system } = process.cpuUsage(since)
  seconds[name] = Math.round((user + system) / 10_000) / 100
  since = process.cpuUsage()
}

const { record, files } = judgeRun(
  await readRun(folder),
  folder,
  suites.flatMap(({ tests }) => tests),
)
lap('judge s')
const findings = diagnose(record, observationReader(files, record))
lap('explain s')
const explained = { ...record, findings }
writeFileSync(join(folder, 'run.json'), JSON.stringify(explained, undefined, 2))
writeFileSync(join(folder, 'conformance.html'), renderHtml(explained))
// Allure needs what mocha wrote while the run went on.
for (const format of formats)
  if (format.id !== 'allure' && format.id !== 'html') await format.write(explained, folder, {})
lap('report s')
const { conclusion, counts } = summarizeRun(explained)
const said = {
  ...{ seconds, mib: Math.round(process.resourceUsage().maxRSS / 1024) },
  probes: Number(readFileSync(join(folder, 'probes'), 'utf8')),
  outcome: `${conclusion}: ${counts.pass} pass, ${counts.fail} fail, ${counts.inconclusive} inconclusive, ${counts.broken} broken`,
  findings: findings.map(({ title }) => title),
}
process.stdout.write(`${JSON.stringify(said)}\n`)
