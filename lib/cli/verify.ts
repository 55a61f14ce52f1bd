import { Command } from 'commander'
import { keptLab } from '../conformance/kept-lab.ts'
import { defaultProfile, type Profile, profiles, readProfile } from '../conformance/profile.ts'
import { conformanceRun } from '../conformance/run.ts'
import { selectTests } from '../conformance/selection.ts'
import { defaultTimeLimitMs } from '../conformance/time-limit.ts'
import type { Lab } from '../host/host.ts'
import { existingHostsProvider } from '../host/ssh/existing-hosts.ts'
import { standingLabs } from '../host/standing-labs.ts'
import { suites } from '../../suites/index.ts'
import type { PairChoice } from '../observation/pair-sample.ts'
import { version } from '../package-root.ts'
import { deadlineHelp, deadlineOption } from './deadline-option.ts'
import { onInterruption } from './interruption.ts'
import { knownRuns } from './known-runs.ts'
import { LiveProgress } from './live-progress.ts'
import { stdout } from './output.ts'
import { atOnceOption, type SideBySideFlags, serialOption, sideBySideWords } from './side-by-side-options.ts'
import { shellLine } from './shell-line.ts'
import { concludeRun } from './tell-run.ts'
import { style } from './terminal.ts'
import { pairsOption } from './pairs-option.ts'
import { timeLimitOption } from './time-limit-option.ts'
import { verdictLines } from './verdict-lines.ts'
import { release, whichLab } from './which-lab.ts'

interface VerifyFlags extends SideBySideFlags {
  readonly lab?: string
  readonly profile: Profile
  readonly slow?: true
  readonly only?: string[]
  readonly skip?: string[]
  readonly grep?: string
  readonly pairs?: PairChoice
  readonly bail?: true
  readonly json?: true
  readonly reportDir: string
  readonly timeout: number
  readonly deadline?: number
}

export function verifyCommand(): Command {
  return new Command('verify')
    .summary('verify a standing lab as it is now')
    .description(
      'Verifies a lab that `up` or `run --keep` left standing, as often as wanted and as it is: it is never restarted or put back. Break something with `exec`, verify, and read what it says.',
    )
    .option('--lab <id>', 'which one, when several stand')
    .option('--profile <name>', `how much: ${profiles.join(', ')}`, readProfile, defaultProfile)
    .option('--slow', 'also slow requirements, which mostly wait, such as LB-05')
    .option('--only <id...>', 'only these requirements or groups, whatever the profile, e.g. ENC-01 VXL')
    .option('--skip <id...>', 'all but these requirements or groups')
    .option('--grep <expression>', 'only requirements whose id or sentence matches')
    .option('--bail', 'stop at the first requirement that does not hold')
    .addOption(serialOption())
    .addOption(pairsOption())
    .addOption(atOnceOption())
    .addOption(timeLimitOption())
    .addOption(deadlineOption())
    .option('--report-dir <folder>', 'where runs are stored', 'reports')
    .option('--json', 'print the result as JSON on standard output')
    .addHelpText('after', examples)
    .action(verify)
}

async function verify(flags: VerifyFlags): Promise<void> {
  const selected = selectTests(suites, { ...flags, slow: flags.slow ?? false })
  const progress = new LiveProgress()
  const paint = style(stdout)
  const interruption = onInterruption((text) => progress.note(text), { deadlineMs: flags.deadline })
  let lab: Lab | undefined
  try {
    lab = await whichLab(standingLabs(), flags.lab)
    const finished = await conformanceRun({
      topology: lab.topology,
      raised: await keptLab(lab, { progress }),
      suites: selected,
      provider: existingHostsProvider,
      progress,
      signal: interruption.signal,
      fresh: false,
      keep: true,
      bail: flags.bail ?? false,
      serial: flags.serial ?? false,
      ...(flags.atOnce === undefined ? {} : { atOnce: flags.atOnce }),
      timeoutMs: flags.timeout,
      ...(flags.pairs === undefined ? {} : { pairs: flags.pairs }),
      known: knownRuns(flags),
      reportDir: flags.reportDir,
      reproduce: reproduce(lab.id, flags),
      version: version(),
      onVerdict: (requirement) => {
        if (!flags.json) progress.print(stdout, verdictLines(requirement, paint))
      },
    })
    await concludeRun(finished, progress, flags.json === true)
  } finally {
    progress.close()
    interruption.release()
    if (lab !== undefined) await release(lab)
  }
}

function reproduce(labId: string, flags: VerifyFlags): string {
  const words = ['swarmproof', 'verify', '--lab', labId]
  if (flags.profile !== defaultProfile) words.push('--profile', flags.profile)
  if (flags.slow) words.push('--slow')
  if (flags.only) words.push('--only', ...flags.only)
  if (flags.skip) words.push('--skip', ...flags.skip)
  if (flags.grep !== undefined) words.push('--grep', flags.grep)
  if (flags.pairs !== undefined) words.push('--pairs', `${flags.pairs}`)
  words.push(...sideBySideWords(flags))
  if (flags.timeout !== defaultTimeLimitMs) words.push('--timeout', `${flags.timeout}ms`)
  return shellLine(words)
}

const examples = `
Examples:
  swarmproof up                                a lab to try things on
  swarmproof exec worker1 -- iptables -I INPUT -p udp --dport 4789 -j DROP
  swarmproof verify --profile quick            what that breaks, and why
  swarmproof verify --only OVL ENC-01 --json   two groups, the result as JSON: findings first
${deadlineHelp}`
