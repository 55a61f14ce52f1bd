import { join } from 'node:path'
import { Command, Option } from 'commander'
import { InputError, unknownName } from '../error.ts'
import { changesOf, comparable } from '../report/history/changes.ts'
import type { HistoryEntry } from '../report/history/entry.ts'
import { entryOf } from '../report/history/entry.ts'
import { addToHistory, readHistory } from '../report/history/history-file.ts'
import type { History } from '../report/history/history-file.ts'
import { renderHistory } from '../report/history/page.ts'
import { readRun } from '../report/read-run.ts'
import { writeWhole } from '../report/write-whole.ts'
import { count } from './count.ts'
import { historyLines } from './history-lines.ts'
import { stderr, stdout } from './output.ts'
import { runFolder } from './run-folder.ts'
import { style } from './terminal.ts'

interface CommonFlags {
  readonly file?: string
  readonly reportDir: string
  readonly json?: true
}

interface AddFlags extends CommonFlags {
  readonly series?: string
  readonly commit?: string
  readonly link?: string
  readonly keep?: number
}

interface ShowFlags extends CommonFlags {
  readonly series?: string
  readonly last: number
  readonly html?: string
  readonly report?: string
}

export function historyCommand(): Command {
  return new Command('history')
    .summary('what became new, fixed or flaky from run to run')
    .description(
      'Keeps one line for each run in a file and compares runs that were asked to verify the same thing: new failures, what is fixed, what is flaky, how counts and durations develop.',
    )
    .addCommand(add())
    .addCommand(show())
    .addHelpText('after', examples)
}

function add(): Command {
  return common(new Command('add'))
    .summary('add a stored run and say what changed')
    .description('Adds one line for a stored run. A run that is there already is replaced.')
    .argument('[run]', 'folder or id of a run', 'latest')
    .option('--series <name>', 'compare it with the runs of this name, instead of those asked for the same')
    .option('--commit <sha>', 'what was verified')
    .option('--link <url>', 'where its report can be read')
    .option('--keep <count>', 'how many runs of its series stay in the file', count)
    .action(addRun)
}

function show(): Command {
  return common(new Command('show'))
    .summary('the trend, as text, JSON or one HTML page')
    .description('Shows what the file holds. Lines that cannot be read are skipped, with a note.')
    .option('--series <name>', 'only the runs of this name')
    .addOption(new Option('--last <count>', 'how many runs').argParser(count).default(15))
    .option('--html <file>', 'write a page that opens offline')
    .option('--report <path>', "where the newest run's report lies beside that page")
    .action(showRuns)
}

function common(command: Command): Command {
  return command
    .option('--file <file>', 'the history; history.jsonl in the folder of runs by default')
    .option('--report-dir <folder>', 'where runs are stored', 'reports')
    .option('--json', 'print the result as JSON')
}

async function addRun(run: string, flags: AddFlags): Promise<void> {
  const file = fileOf(flags)
  const record = await readRun(await runFolder(run, flags.reportDir))
  const entry = entryOf(record, given(flags))
  await addToHistory(file, entry, flags.keep)
  const history = await readHistory(file)
  note(history)
  tell(history, entry, 1, flags.json === true)
}

async function showRuns(flags: ShowFlags): Promise<void> {
  const file = fileOf(flags)
  const whole = await readHistory(file)
  note(whole)
  requireAny(whole, file, flags.series)
  const wanted = flags.series
  const history =
    wanted === undefined
      ? whole
      : { ...whole, entries: whole.entries.filter(({ series }) => series === wanted) }
  if (flags.html !== undefined) {
    const latestReport = flags.report === undefined ? {} : { latestReport: flags.report }
    await writeWhole(flags.html, renderHistory(history, latestReport))
    if (flags.json !== true) stdout.write(`${flags.html}\n`)
    return
  }
  const newest = [...new Set(history.entries.toReversed().map(({ series }) => series))]
  if (flags.json === true) {
    stdout.deliverJson(newest.map((series) => result(history, newestOf(history, series))))
    return
  }
  for (const series of newest) tell(history, newestOf(history, series), flags.last, false)
}

/** @throws InputError when there is nothing to show: a trend of no runs is a mistake, not an answer */
function requireAny({ entries }: History, file: string, series: string | undefined): void {
  if (entries.length === 0)
    throw new InputError({
      code: 'NO_HISTORY',
      what: `${file} holds no run`,
      hint: 'add one with `swarmproof history add`; another file is named with --file',
    })
  const names = [...new Set(entries.map((entry) => entry.series))]
  if (series !== undefined && !names.includes(series)) throw unknownName('series', series, names)
}

const newestOf = ({ entries }: History, name: string): HistoryEntry =>
  entries.findLast(({ series }) => series === name) as HistoryEntry

function tell(history: History, entry: HistoryEntry, last: number, json: boolean): void {
  const runs = comparable(history.entries, entry)
  if (json) stdout.deliverJson(result(history, entry))
  else stdout.deliver(historyLines(runs, last, style(stdout)))
}

function result(history: History, entry: HistoryEntry): object {
  const runs = comparable(history.entries, entry)
  const changes = changesOf(runs)
  const brief = ({ verdicts, ...rest }: HistoryEntry): object => ({ ...rest, requirements: verdicts.length })
  return JSON.parse(
    JSON.stringify({ series: entry.series, runs: runs.map(brief), changes }, (_, value: unknown) =>
      typeof value === 'object' && value !== null && 'verdicts' in value
        ? brief(value as HistoryEntry)
        : value,
    ),
  ) as object
}

function note({ notes }: History): void {
  for (const line of notes) stderr.write(`swarmproof: ${line}\n`)
}

function given({ series, commit, link }: AddFlags): Parameters<typeof entryOf>[1] {
  return {
    ...(series === undefined ? {} : { series }),
    ...(commit === undefined ? {} : { commit }),
    ...(link === undefined ? {} : { link }),
  }
}

const fileOf = ({ file, reportDir }: CommonFlags): string => file ?? join(reportDir, 'history.jsonl')

const examples = `
Examples:
  swarmproof history add                          the latest run, and what changed since the one before
  swarmproof history add --series nightly --commit "$GITHUB_SHA"
                                                  under a name, with the commit it verified
  swarmproof history show                         the last runs of each kind
  swarmproof history show --html history.html     trends as one page that opens offline
  swarmproof history show --json                  for other programs

Exit code 0 whatever the verdicts are; 64 if there is no such run or a file cannot be read.`
