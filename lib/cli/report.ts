import { Command, Option } from 'commander'
import { observationReader } from '../conformance/stored-files.ts'
import { diagnose } from '../diagnosis/diagnosis.ts'
import { ExitCode, InputError } from '../error.ts'
import { writeReports } from '../report/report.ts'
import type { ReportFiles } from '../report/report.ts'
import { javaProgram } from '../report/allure-program.ts'
import { readRun } from '../report/read-run.ts'
import { timeProfileOf } from '../report/time-profile.ts'
import { formats } from '../report/format-table.ts'
import { stdout } from './output.ts'
import { runFolder } from './run-folder.ts'
import { timeProfileLines } from './time-profile-lines.ts'
import { tellGithub, tellGithubOfNoRun } from './tell-github.ts'
import type { GithubOptions } from './tell-github.ts'

const examples = `
Examples:
  swarmproof report                          the reports of the latest run, written again
  swarmproof report reports/2001-02-03-2215  of a run by its folder
  swarmproof report 2001-02-03-2215          of a run by its id
  swarmproof report --profile-time           which steps and requirements of the latest run took how long
  swarmproof report --json | jq -r .html     where the HTML report is
  swarmproof report --github --history history.jsonl
                                             in a workflow: annotations, job summary with what is new, outputs

Exit code 0 if every report was written, whatever the verdict was; 64 if there is no such run or it cannot
be read; 70 if a report could not be written (the others are).`

interface Options extends GithubOptions {
  readonly json?: true
  readonly reportDir: string
  readonly github?: true
  readonly profileTime?: true
  readonly allureJava?: true
}

export function reportCommand(): Command {
  return new Command('report')
    .summary('write the reports of a stored run again')
    .description(
      ['Reads run.json of a stored run and writes beside it:', '', ...list(formats.map(described))].join(
        '\n',
      ),
    )
    .argument('[run]', 'folder, run.json or id of a run', 'latest')
    .option('--json', 'print what was written as JSON')
    .option('--report-dir <folder>', 'where runs are kept', 'reports')
    .addOption(
      new Option('--allure-java', 'the Allure report by allure-commandline, which needs Java').conflicts([
        'profileTime',
        'github',
      ]),
    )
    .addOption(
      new Option('--profile-time', 'write nothing again; show where the time of the run went').conflicts(
        'github',
      ),
    )
    .option('--github', 'write nothing again; tell GitHub Actions: annotations, job summary, outputs')
    .option(
      '--history <file>',
      'with --github: say what is new since the run before, see `swarmproof history`',
    )
    .option('--link <url>', 'with --github: where the whole report can be read')
    .option('--inventory <file>', 'with --github: point at the lines of this file that name what failed')
    .addHelpText('after', examples)
    .action(report)
}

async function report(run: string, options: Options): Promise<void> {
  if (options.github === true) return github(run, options)
  const folder = await runFolder(run, options.reportDir)
  if (options.profileTime === true) return tellTime(folder, options)
  const files = await writeReports(folder, {
    diagnose: (record) => diagnose(record, observationReader(folder, record)),
    ...(options.allureJava === true && { programs: { java: javaProgram() } }),
  })
  if (options.json === true) stdout.writeJson(files)
  else stdout.write(told(files))
  if (files.errors.length > 0) process.exitCode = ExitCode.harness
}

async function tellTime(folder: string, { json }: Options): Promise<void> {
  const profile = timeProfileOf(await readRun(folder))
  if (json === true) stdout.deliverJson(profile)
  else stdout.deliver(timeProfileLines(profile))
}

/** A workflow is told as well when there is no run to tell of. */
async function github(run: string, options: Options): Promise<void> {
  try {
    await tellGithub(await runFolder(run, options.reportDir), options)
  } catch (error) {
    if (error instanceof InputError) await tellGithubOfNoRun(error)
    throw error
  }
}

function told(files: ReportFiles): string {
  const partial = files.summary.partial ? ' (partial)' : ''
  const rows = formats.flatMap(({ id, name }): [string, string][] => {
    const file = files[id]
    return file === undefined ? [] : [[name, file]]
  })
  return [
    `${files.summary.conclusion}${partial}: ${files.runFolder}`,
    ...list([...rows, ...files.notes.map((note): [string, string] => ['note', note])]),
    ...files.errors.map(({ report, message }) => `  ${report} could not be written: ${message}`),
    '',
  ].join('\n')
}

function described({ name, writes, describe }: (typeof formats)[number]): [string, string] {
  return [name, `${(writes[0] ?? '').padEnd(17)} ${describe}`]
}

function list(rows: readonly (readonly [string, string])[]): string[] {
  return rows.map(([name, what]) => `  ${name.padEnd(9)} ${what}`)
}
