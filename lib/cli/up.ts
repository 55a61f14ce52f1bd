import { randomBytes } from 'node:crypto'
import { Command } from 'commander'
import { recordingProgress } from '../conformance/recording-progress.ts'
import type { RunRecord } from '../conformance/run-record.ts'
import { writeKeptNotes } from '../conformance/kept-notes.ts'
import { bringUp } from '../conformance/bring-up.ts'
import type { Lab } from '../host/host.ts'
import { profileTime, type TimeProfile } from '../report/time-profile.ts'
import { findTopology } from '../topology/find-topology.ts'
import { withEngine } from '../topology/with-engine.ts'
import { deadlineOption } from './deadline-option.ts'
import { engineOption } from './engine-option.ts'
import { chooseProvider, type HostsFlags, withHostsOptions } from './hosts-option.ts'
import { onInterruption } from './interruption.ts'
import { LiveProgress } from './live-progress.ts'
import { stdout } from './output.ts'
import { timeProfileLines } from './time-profile-lines.ts'

interface UpFlags extends HostsFlags {
  readonly fresh?: true
  readonly json?: true
  readonly profileTime?: true
  readonly deadline?: number
}

export function upCommand(): Command {
  const command = new Command('up')
    .summary('bring up a lab with its stack and leave it standing')
    .description('Brings up a lab with its swarm and stack and leaves it standing until `swarmproof down`.')
    .argument('[topology]', 'a name from `swarmproof list topologies`, or a YAML file', 'three-node')
    .addOption(engineOption('the engine of all hosts'))
  return withHostsOptions(command)
    .option('--fresh', 'build a new stack instead of resuming a saved lab')
    .addOption(deadlineOption())
    .option('--json', 'print the lab as JSON on standard output')
    .option('--profile-time', 'show which steps took how long')
    .addHelpText('after', examples)
    .action(up)
}

async function up(topologyName: string, flags: UpFlags): Promise<void> {
  const named = findTopology(topologyName)
  const topology = flags.engine === undefined ? named : withEngine(named, flags.engine)
  const progress = new LiveProgress()
  const interruption = onInterruption((text) => progress.note(text), { deadlineMs: flags.deadline })
  const startedAt = Date.now()
  const timed: Pick<RunRecord, 'steps'> = { steps: [] }
  let lab: Lab | undefined
  try {
    const { built } = await bringUp(topology, {
      provider: await chooseProvider(flags, progress),
      progress: recordingProgress(progress, timed, topology.name),
      signal: interruption.signal,
      fresh: flags.fresh ?? false,
      runId: `up-${randomBytes(3).toString('hex')}`,
      onLab: (started) => (lab = started),
    })
    await lab?.keep()
    if (lab !== undefined) writeKeptNotes(lab.id, built)
    // A kept lab stands; this closes the connections to it.
    await lab?.[Symbol.asyncDispose]()
  } catch (error) {
    await lab?.[Symbol.asyncDispose]()
    throw interruption.signal.aborted ? interruption.signal.reason : error
  } finally {
    progress.close()
    interruption.release()
  }
  if (lab === undefined) return
  tell(lab, flags, flags.profileTime && profileTime(timed.steps, [], Date.now() - startedAt))
}

function tell(lab: Lab, flags: UpFlags, timeProfile: TimeProfile | undefined): void {
  const hosts = lab.hosts.map((host) => ({
    name: host.name,
    role: host.node.role,
    addresses: Object.fromEntries(Object.entries(host.underlays).map(([name, at]) => [name, at.address])),
  }))
  if (flags.json) {
    stdout.writeJson({
      id: lab.id,
      topology: lab.topology.name,
      hosts,
      ...(timeProfile && { timeProfile }),
    })
    return
  }
  const lines = hosts.map(
    (host) => `  ${host.name.padEnd(12)} ${host.role.padEnd(8)} ${Object.values(host.addresses).join(' ')}`,
  )
  const [first] = hosts
  stdout.write(
    `Lab ${lab.id} stands:\n${lines.join('\n')}\nEnter with \`swarmproof ssh ${first?.name ?? 'NODE'}\`, end with \`swarmproof down\`.\n`,
  )
  if (timeProfile !== undefined) stdout.write(`\n${timeProfileLines(timeProfile)}`)
}

const examples = `
Examples:
  swarmproof up                          the three-host lab
  swarmproof up three-node --fresh       with a newly built stack
  swarmproof up --engine 28.5            all its hosts with that engine
  swarmproof up --deadline 10m           removed again, exit code 2, if it does not stand by then
  swarmproof exec worker1 -- docker ps   then look around`
