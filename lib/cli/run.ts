import { Command } from 'commander'
import { type PlannedLab, planLabs } from '../conformance/plan.ts'
import { defaultProfile, type Profile, profiles, readProfile } from '../conformance/profile.ts'
import { planRun } from '../conformance/run.ts'
import { chosenRequirementIds, selectTests } from '../conformance/selection.ts'
import { readShard, type Shard, shardOf } from '../conformance/shard.ts'
import { defaultTimeLimitMs } from '../conformance/time-limit.ts'
import { InputError } from '../error.ts'
import type { HostProvider } from '../host/host.ts'
import { suites } from '../../suites/index.ts'
import { findTopology, listTopologies } from '../topology/find-topology.ts'
import type { Topology } from '../topology/topology.ts'
import { withEngine } from '../topology/with-engine.ts'
import type { PairChoice } from '../observation/pair-sample.ts'
import { version } from '../package-root.ts'
import { deadlineHelp, deadlineOption } from './deadline-option.ts'
import { engineOption } from './engine-option.ts'
import { chooseProvider, type HostsFlags, hostsWords, withHostsOptions } from './hosts-option.ts'
import { onInterruption } from './interruption.ts'
import { knownRuns } from './known-runs.ts'
import { LiveProgress } from './live-progress.ts'
import { atOnceOption, type SideBySideFlags, serialOption, sideBySideWords } from './side-by-side-options.ts'
import { stdout } from './output.ts'
import { style } from './terminal.ts'
import { pairsOption } from './pairs-option.ts'
import { timeLimitOption } from './time-limit-option.ts'
import { concludeRun } from './tell-run.ts'
import { verdictLines } from './verdict-lines.ts'

interface RunFlags extends HostsFlags, SideBySideFlags {
  readonly profile: Profile
  readonly slow?: true
  readonly disruptive?: string[]
  readonly shard?: Shard
  readonly only?: string[]
  readonly skip?: string[]
  readonly grep?: string
  readonly fresh?: true
  readonly keep?: true
  readonly pairs?: PairChoice
  readonly bail?: true
  readonly json?: true
  readonly profileTime?: true
  readonly reportDir: string
  readonly timeout: number
  readonly deadline?: number
}

export function runCommand(): Command {
  const command = new Command('run')
    .summary('bring up labs, verify them, write the report')
    .description(
      'Brings up labs with a swarm and a stack on them, one after another, verifies every selected requirement on their real traffic, and writes the report.',
    )
    .argument(
      '[topologies...]',
      'names from `swarmproof list topologies`, or YAML files; without any, each requirement gets the lab it needs',
    )
    .option('--profile <name>', `how much: ${profiles.join(', ')}`, readProfile, defaultProfile)
    .option('--slow', 'also slow requirements, such as LB-05, which mostly wait')
    .option('--only <id...>', 'only these requirements or groups, whatever the profile, e.g. ENC-01 VXL')
    .option('--skip <id...>', 'all but these requirements or groups')
    .option('--grep <expression>', 'only requirements whose id or sentence matches')
    .addOption(engineOption('the engine of all hosts'))
  return withHostsOptions(command)
    .option('--fresh', 'build a new stack instead of resuming a saved lab')
    .option('--keep', 'leave the lab standing at the end')
    .option(
      '--disruptive <id...>',
      'requirements that may disrupt or reconfigure hosts swarmproof did not make',
    )
    .option(
      '--shard <i/n>',
      'only this part of the run, e.g. 2/3; `swarmproof merge` joins the parts',
      readShard,
    )
    .option('--bail', 'stop at the first requirement that does not hold')
    .addOption(serialOption())
    .addOption(pairsOption())
    .addOption(atOnceOption())
    .addOption(timeLimitOption())
    .addOption(deadlineOption())
    .option('--report-dir <folder>', 'where runs are stored', 'reports')
    .option('--json', 'print the result as JSON on standard output')
    .option('--profile-time', 'show which steps and requirements took how long')
    .addHelpText('after', examples)
    .action(run)
}

async function run(names: readonly string[], flags: RunFlags): Promise<void> {
  const plan = planned(names, flags)
  const disruptive = chosenRequirementIds(suites, flags.disruptive ?? [])
  const progress = new LiveProgress()
  const paint = style(stdout)
  const print = (text: string): void => {
    if (!flags.json) progress.print(stdout, text)
  }
  const interruption = onInterruption((text) => progress.note(text), { deadlineMs: flags.deadline })
  try {
    const provider = await chooseProvider(flags, progress)
    const finished = await planRun(plan, {
      provider,
      progress,
      signal: interruption.signal,
      fresh: flags.fresh ?? false,
      keep: flags.keep ?? false,
      bail: flags.bail ?? false,
      serial: flags.serial ?? false,
      ...(flags.atOnce === undefined ? {} : { atOnce: flags.atOnce }),
      timeoutMs: flags.timeout,
      ...(flags.pairs === undefined ? {} : { pairs: flags.pairs }),
      disruptive,
      known: knownRuns(flags),
      reportDir: flags.reportDir,
      reproduce: reproduce(names, flags, provider),
      version: version(),
      onVerdict: (requirement) => print(verdictLines(requirement, paint)),
    })
    await concludeRun(finished, progress, flags.json === true, flags.profileTime)
  } finally {
    progress.close()
    interruption.release()
  }
}

/** What runs on which labs, in order. */
function planned(names: readonly string[], flags: RunFlags): PlannedLab[] {
  const { engine } = flags
  const made = (topology: Topology): Topology =>
    engine === undefined ? topology : withEngine(topology, engine)
  const named = names.map((name) => made(findTopology(name)))
  const twice = named.find(({ name }, index) => named.findIndex((other) => other.name === name) !== index)
  if (twice !== undefined) {
    throw new InputError({
      code: 'TOPOLOGY_TWICE',
      what: `topology ${twice.name} is named twice`,
      hint: 'verify it in two runs and join them with `swarmproof merge`',
    })
  }
  const selected = selectTests(suites, { ...flags, slow: flags.slow ?? false })
  const whole = planLabs(selected, { named, shipped: listTopologies().map(made) })
  const plan = flags.shard === undefined ? whole : shardOf(whole, flags.shard)
  if (flags.keep && plan.length > 1) {
    throw new InputError({
      code: 'SEVERAL_LABS_KEPT',
      what: `--keep leaves one lab standing, and this run has ${plan.length}`,
      hint: `name one topology: ${plan.map(({ name }) => name).join(', ')}`,
    })
  }
  return plan
}

function reproduce(names: readonly string[], flags: RunFlags, provider: HostProvider): string {
  const words = ['swarmproof run', ...names]
  if (flags.profile !== defaultProfile) words.push('--profile', flags.profile)
  if (flags.slow) words.push('--slow')
  if (flags.only) words.push('--only', ...flags.only)
  if (flags.skip) words.push('--skip', ...flags.skip)
  if (flags.grep !== undefined) words.push('--grep', `'${flags.grep}'`)
  if (flags.engine !== undefined) words.push('--engine', flags.engine)
  words.push(...hostsWords(flags, provider))
  if (flags.disruptive) words.push('--disruptive', ...flags.disruptive)
  if (flags.shard !== undefined) words.push('--shard', `${flags.shard.index}/${flags.shard.count}`)
  if (flags.fresh) words.push('--fresh')
  if (flags.pairs !== undefined) words.push('--pairs', `${flags.pairs}`)
  words.push(...sideBySideWords(flags))
  if (flags.timeout !== defaultTimeLimitMs) words.push('--timeout', `${flags.timeout}ms`)
  if (flags.deadline !== undefined) words.push('--deadline', `${flags.deadline}ms`)
  return words.join(' ')
}

const examples = `
Examples:
  swarmproof run                               every requirement that is safe, on the labs it needs
  swarmproof run --profile quick               the few that find most faults
  swarmproof run --profile full                also what breaks and shapes its lab
  swarmproof run low-mtu two-underlays         everything on these two labs
  swarmproof run impaired --profile quick      an underlay that delays, loses and throttles on purpose
  swarmproof run --shard 1/3                   the first of three parts, for three jobs
  swarmproof run --only ENC-01 ENC-02          two requirements
  swarmproof run --only VXL ENC --skip ENC-07  two groups, one requirement left out
  swarmproof run --engine 20.10                all hosts with an older engine
  swarmproof run --engine-package engine/*.deb all hosts with an engine that is in no archive
  swarmproof run --hosts container             hosts are containers on the Docker engine of this machine
  swarmproof run --deadline 20m                ended after 20 minutes, cleaned up and with its report
  swarmproof run --fresh --keep                build a new stack and leave the lab standing
  swarmproof run my-lab.yaml --json            a lab of your own, the result as JSON

Lab files: an underlay takes delay: 20ms (us, ms, s), loss: 0.5%, rate: 10mbit (kbit, mbit, gbit) and reorder: 1%, which every
host does to what it sends onto it; under impairments of a node, by underlay, the same keys stand instead for that node.
${deadlineHelp}`
