import { Command } from 'commander'
import { newRunId } from '../conformance/new-record.ts'
import { RunStore } from '../conformance/run-store.ts'
import { mergeRuns } from '../report/merge-runs.ts'
import { readRun } from '../report/read-run.ts'
import { copyRun, filesToCopy } from '../report/relocate.ts'
import { count } from './count.ts'
import { LiveProgress } from './live-progress.ts'
import { runFolder } from './run-folder.ts'
import { concludeRun } from './tell-run.ts'

interface MergeFlags {
  readonly json?: true
  readonly reportDir: string
  readonly expect?: number
}

const examples = `
Examples:
  swarmproof merge shard-1 shard-2 shard-3      the parts of a run, each a folder with run.json
  swarmproof merge */run.json                   the same, by their files
  swarmproof merge --expect 12 */run.json       in CI: a job that left no run is not overlooked
  swarmproof merge 20010203T221500Z-1a2b 20010203T224500Z-3c4d
                                                by id: one topology with two engines becomes a table of both

Exit codes as of \`swarmproof run\`, for all parts together; 64 if two runs contradict each other.`

export function mergeCommand(): Command {
  return new Command('merge')
    .summary('join the runs of several jobs, or of several engines, into one report')
    .description(
      'Reads run.json of each run and writes one run with the verdicts, captures and logs of all, and its reports.',
    )
    .argument('<runs...>', 'folders, run.json files or ids of runs')
    .option('--report-dir <folder>', 'where runs are stored', 'reports')
    .option('--expect <count>', 'how many runs there should be; with fewer the harness failed', count)
    .option('--json', 'print the result as JSON on standard output')
    .addHelpText('after', examples)
    .action(merge)
}

async function merge(named: readonly string[], flags: MergeFlags): Promise<void> {
  const folders = await Promise.all(named.map((name) => runFolder(name, flags.reportDir)))
  const runs = await Promise.all(folders.map((folder) => readRun(folder)))
  // Before anything is written: a run that holds a link, say, is refused whole.
  for (const folder of folders) await filesToCopy(folder)
  const record = mergeRuns(runs, newRunId(new Date()), flags.expect)
  const progress = new LiveProgress()
  const store = new RunStore(flags.reportDir, record, (text) => progress.note(text))
  for (const [index, run] of runs.entries()) {
    await copyRun(folders[index] ?? '', run.runId, store.folder)
  }
  await concludeRun({ record, store }, progress, flags.json === true)
}
