import { join } from 'node:path'
import { Command } from 'commander'
import { judgeRun, type Rejudged } from '../conformance/judge-run.ts'
import { type RunRecord, summarizeRun } from '../conformance/run-record.ts'
import { observationReader } from '../conformance/stored-files.ts'
import { diagnose } from '../diagnosis/diagnosis.ts'
import { shortList } from '../observation/finding.ts'
import { suites } from '../../suites/index.ts'
import { readRun } from '../report/read-run.ts'
import { writeReports } from '../report/report.ts'
import { writeWhole } from '../report/write-whole.ts'
import { redactValue } from '../redact-value.ts'
import { exitCodeOf } from './exit-code.ts'
import { stdout } from './output.ts'
import { runFolder } from './run-folder.ts'
import { jsonOf } from './tell-run.ts'
import { style } from './terminal.ts'
import { summaryLines } from './verdict-lines.ts'

interface JudgeFlags {
  readonly json?: true
  readonly write?: true
  readonly reportDir: string
}

export function judgeCommand(): Command {
  return new Command('judge')
    .summary('judge and explain a stored run again')
    .description(
      'Judges the stored observations of a run again with the rules of this swarmproof, explains them, and says what is different. No host is needed, and the folder of the run may be a copy.',
    )
    .argument('[run]', 'folder or id of a run', 'latest')
    .option('--write', 'replace the verdicts and reports of the run by what is found now')
    .option('--json', 'print the result as JSON on standard output')
    .option('--report-dir <folder>', 'where runs are kept', 'reports')
    .addHelpText('after', examples)
    .action(judge)
}

async function judge(run: string, flags: JudgeFlags): Promise<void> {
  const folder = await runFolder(run, flags.reportDir)
  const stored = await readRun(folder)
  const tests = suites.flatMap((suite) => suite.tests)
  const { record, changed, judged, files } = judgeRun(stored, folder, tests)
  const findings = diagnose(record, observationReader(files, record))
  const explained: RunRecord = { ...record, findings }
  const before = new Set(stored.findings.map(({ code, title }) => `${code} ${title}`))
  const now = new Set(findings.map(({ code, title }) => `${code} ${title}`))
  const differences = {
    verdicts: changed,
    findingsAdded: findings
      .filter(({ code, title }) => !before.has(`${code} ${title}`))
      .map(({ title }) => title),
    findingsGone: stored.findings
      .filter(({ code, title }) => !now.has(`${code} ${title}`))
      .map(({ title }) => title),
  }
  if (flags.write) {
    await writeWhole(join(folder, 'run.json'), JSON.stringify(redactValue(explained), undefined, 2))
    await writeReports(folder)
  }
  if (flags.json) stdout.writeJson({ ...jsonOf(explained), folder, judged, differences })
  else {
    stdout.write(summaryLines(explained, style(stdout), [['run', folder]]))
    stdout.write(differenceLines(differences, judged, stored))
  }
  process.exitCode = exitCodeOf(explained)
}

interface Differences {
  readonly verdicts: readonly Rejudged[]
  readonly findingsAdded: readonly string[]
  readonly findingsGone: readonly string[]
}

/** Earlier versions gave a finding for each node of many. */
const mostTitles = 12

function differenceLines(
  { verdicts, findingsAdded, findingsGone }: Differences,
  judged: number,
  stored: RunRecord,
): string {
  const kept = stored.requirements.length - judged
  const lines = [
    ...verdicts.map(
      ({ id, lab, before, now, gone, added }) =>
        `  ${id} (${lab}): ${before === now ? now : `${before} → ${now}`}${gone + added === 0 ? '' : `, ${added} problems added, ${gone} gone`}`,
    ),
    ...shortList(findingsAdded, mostTitles).map((title) => `  new finding: ${title}`),
    ...shortList(findingsGone, mostTitles).map((title) => `  no longer found: ${title}`),
  ]
  const head = `${judged} verdicts judged again${kept > 0 ? `, ${kept} kept for lack of observations` : ''}; `
  if (lines.length === 0)
    return `${head}nothing is different from what swarmproof ${stored.swarmproofVersion} found.\n`
  const { conclusion } = summarizeRun(stored)
  return `${head}different from what swarmproof ${stored.swarmproofVersion} found (${conclusion}):\n${lines.join('\n')}\n`
}

const examples = `
Examples:
  swarmproof judge                             the latest run, with today's rules
  swarmproof judge ./copied-run --json         a run that somebody sent, the result as JSON: findings first
  swarmproof judge 2001-02-03-2215 --write     keep what is found now, and write its reports again

Exit codes as of \`swarmproof run\`, by today's verdicts; 64 if the run or its observations cannot be read.`
