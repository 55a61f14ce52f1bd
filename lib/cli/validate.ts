import { Command } from 'commander'
import { type Begun, newRunId } from '../conformance/new-record.ts'
import { type OverlapBounds, overlapBounds } from '../conformance/overlap-bounds.ts'
import { defaultProfile, type Profile, profiles, readProfile } from '../conformance/profile.ts'
import { recordingProgress } from '../conformance/recording-progress.ts'
import { chosenRequirementIds, selectTests } from '../conformance/selection.ts'
import type { Suite } from '../conformance/suite.ts'
import { defaultTimeLimitMs } from '../conformance/time-limit.ts'
import { InputError, SwarmproofError } from '../error.ts'
import { findLab, type FoundLab } from '../discovery/find-lab.ts'
import { isBlocked, isTooSmall } from '../preflight/finding.ts'
import { requireReady } from '../preflight/hosts-together.ts'
import { measure } from '../preflight/measure.ts'
import { measuredHosts } from '../preflight/measured-hosts.ts'
import type { PairChoice } from '../observation/pair-sample.ts'
import { loadedImageName } from '../loaded-image.ts'
import { type Progress, step } from '../progress.ts'
import { askedLoad, existingLoad, readLoad } from '../probe/burst-load.ts'
import { sshClient } from '../remote/open-ssh/connect.ts'
import { chooseFootprint, type Footprint, withFootprint } from '../swarm/footprint.ts'
import { describeFootprint } from '../swarm/describe-footprint.ts'
import { probeImageBytes } from '../swarm/probe-image.ts'
import { readOccupied } from '../swarm/read-occupied.ts'
import type { Topology } from '../topology/topology.ts'
import { suites } from '../../suites/index.ts'
import { version } from '../package-root.ts'
import { deadlineHelp, deadlineOption } from './deadline-option.ts'
import {
  clientOptions,
  givenHosts,
  type HostFlags,
  hostWords,
  inventoryHelp,
  withHostOptions,
} from './given-hosts.ts'
import { type Interruption, onInterruption } from './interruption.ts'
import { knownRuns } from './known-runs.ts'
import { LiveProgress } from './live-progress.ts'
import { imageArgument } from './image-argument.ts'
import { stdout } from './output.ts'
import { atOnceOption, type SideBySideFlags, serialOption, sideBySideWords } from './side-by-side-options.ts'
import { shellLine } from './shell-line.ts'
import { concludeRun } from './tell-run.ts'
import { style } from './terminal.ts'
import { pairsOption } from './pairs-option.ts'
import { timeLimitOption } from './time-limit-option.ts'
import { type Announcement, announcementJson, announcementLines } from './validate-announcement.ts'
import { foretellValidation } from './validate-forecast.ts'
import { validateRun } from './validate-run.ts'
import { verdictLines } from './verdict-lines.ts'
import { gossipPort, managementPort } from '../topology/swarm-defaults.ts'

export interface ValidateFlags extends HostFlags, SideBySideFlags {
  readonly init?: true
  readonly leave?: true
  readonly dryRun?: true
  readonly profile: Profile
  readonly slow?: true
  readonly only?: string[]
  readonly skip?: string[]
  readonly grep?: string
  readonly disruptive?: string[]
  readonly load?: number
  readonly probeImage?: string
  readonly toolboxImage?: string
  readonly pairs?: PairChoice
  readonly bail?: true
  readonly json?: true
  readonly profileTime?: true
  readonly reportDir: string
  readonly timeout: number
  readonly deadline?: number
}

/** Of each task: a static busybox that serves one small file takes a few. */
const taskMemoryMib = 64

export function validateCommand(): Command {
  const command = new Command('validate')
    .summary('verify a swarm, or hosts, that you already have')
    .description(
      'Verifies hosts that you already have, over SSH: a swarm that runs, as it is, or bare hosts with engines. Creates only networks and services of its own, says so before, and removes them at the end, also after Ctrl-C.',
    )
    .argument('[hosts...]', 'user@host; one manager suffices, the other nodes are found from it')
    .option('--init', 'the hosts are in no swarm: build one of them')
    .option('--leave', 'with --init: take the swarm down again at the end')
    .option('--dry-run', 'connect, say what would be created, and end')
  return withHostOptions(command)
    .option('--profile <name>', `how much: ${profiles.join(', ')}`, readProfile, defaultProfile)
    .option('--slow', 'also slow requirements, such as LB-05, which mostly wait')
    .option('--only <id...>', 'only these requirements or groups, whatever the profile, e.g. ENC-01 VXL')
    .option('--skip <id...>', 'all but these requirements or groups')
    .option('--grep <expression>', 'only requirements whose id or sentence matches')
    .option(
      '--disruptive <id...>',
      'requirements that may disrupt or reconfigure these hosts; each to be named',
    )
    .option(
      '--probe-image <image>',
      'an image to pull for tasks, instead of one made from busybox and sent over SSH',
      imageArgument,
    )
    .option(
      '--toolbox-image <image>',
      'an image with tcpdump, nsenter and ipvsadm, for hosts that lack them',
      imageArgument,
    )
    .option(
      '--load <rate>',
      'bursts of this many datagrams a second for each ordered pair of nodes and network, instead of 10',
      readLoad,
    )
    .option('--bail', 'stop at the first requirement that does not hold')
    .addOption(serialOption())
    .addOption(pairsOption())
    .addOption(atOnceOption())
    .addOption(timeLimitOption())
    .addOption(deadlineOption())
    .option('--report-dir <folder>', 'where runs are stored', 'reports')
    .option('--profile-time', 'show which steps and requirements took how long')
    .option('--json', 'print the result as JSON on standard output')
    .addHelpText('after', examples)
    .action(validate)
}

async function validate(words: readonly string[], flags: ValidateFlags): Promise<void> {
  if (flags.leave === true && flags.init !== true) {
    throw new InputError({
      code: 'LEAVE_WITHOUT_INIT',
      what: '--leave takes down what --init built; alone it would take down a swarm that is yours',
    })
  }
  const inventory = givenHosts(words, flags)
  const selected = selectTests(suites, { ...flags, slow: flags.slow ?? false, existing: true })
  const disruptive = chosenRequirementIds(suites, flags.disruptive ?? [])
  const begun: Begun = { startedAt: new Date(), steps: [] }
  const screen = new LiveProgress()
  const progress = recordingProgress(screen, begun, undefined)
  const interruption = onInterruption((text) => progress.note(text), { deadlineMs: flags.deadline })
  const { signal } = interruption
  // Interrupts connecting alone: what was created is removed over the same connections, after Ctrl-C too.
  const connecting = new AbortController()
  const giveUp = (): void => connecting.abort(signal.reason)
  signal.addEventListener('abort', giveUp)
  const client = sshClient(clientOptions(flags, connecting.signal))
  const runId = newRunId(begun.startedAt)
  try {
    const connect = client.connect.bind(client)
    const found = await findLab(inventory, {
      connect,
      progress,
      signal,
      init: flags.init ?? false,
      id: runId,
    })
    signal.removeEventListener('abort', giveUp)
    for (const warning of found.warnings) progress.note(warning)
    for (const line of requireReady(found.known, flags.init ?? false)) progress.note(line)
    const occupied = await step(progress, 'Looking for what is free', undefined, () =>
      readOccupied(found.known.map(({ remote }) => remote)),
    )
    const footprint = chooseFootprint(occupied)
    const topology = onHosts(found, footprint)
    const imageBytes = flags.probeImage === undefined ? await probeImageBytes() : undefined
    const creates = describeFootprint({
      ...{ topology, occupied, runId, nodes: topology.nodes.length },
      init: flags.init ?? false,
      leave: flags.leave ?? false,
      ...overlapOf(topology, flags),
      bursts: {
        ...(flags.load === undefined ? existingLoad : askedLoad(flags.load)),
        asked: flags.load !== undefined,
      },
      ...(imageBytes === undefined ? {} : { imageBytes }),
      ...(flags.probeImage === undefined ? {} : { pulledImage: flags.probeImage }),
      ...(flags.toolboxImage === undefined ? {} : { toolboxImage: flags.toolboxImage }),
    })
    const announcement = { found, footprint, creates, suites: selected, disruptive, flags }
    if (flags.dryRun) {
      const foretold = await foretellValidation({ topology, found, suites: selected, disruptive, flags })
      return tellAnnouncement({ ...announcement, foretold }, flags, screen)
    }
    for (const line of announcementLines(announcement)) progress.note(line)
    if (flags.init) await refuseBlockedPorts(found, progress, signal)
    await verify(found, topology, {
      words,
      flags,
      suites: selected,
      disruptive,
      runId,
      begun,
      progress: screen,
      interruption,
    })
  } catch (error) {
    throw signal.aborted ? signal.reason : error
  } finally {
    await client[Symbol.asyncDispose]()
    screen.close()
    interruption.release()
  }
}

/** Nothing where one is verified after another. */
function overlapOf(
  { nodes }: Topology,
  { serial, atOnce }: ValidateFlags,
): { readonly sideBySide?: OverlapBounds } {
  const bounds = overlapBounds(nodes, { owned: false, atOnce, serial })
  return bounds.requirements === 1 ? {} : { sideBySide: bounds }
}

function tellAnnouncement(announcement: Announcement, flags: ValidateFlags, progress: LiveProgress): void {
  progress.close()
  if (flags.json) stdout.deliverJson(announcementJson(announcement))
  else stdout.deliver(`${announcementLines(announcement).join('\n')}\n`)
}

/** Without 2377 and 7946 no swarm comes about, and what docker says then tells little. */
async function refuseBlockedPorts(found: FoundLab, progress: Progress, signal: AbortSignal): Promise<void> {
  if (found.known.length < 2) return
  const { hosts, dataPathPort } = measuredHosts(found.known, found.addresses)
  const { ports, mtu } = await measure(hosts, { dataPathPort, progress, signal })
  const blocked = ports.filter(isBlocked)
  const fatal = blocked.filter(({ what }) => what === `${managementPort}/tcp` || what === `${gossipPort}/tcp`)
  for (const { detail } of [...blocked.filter((one) => !fatal.includes(one)), ...mtu.filter(isTooSmall)]) {
    progress.note(detail)
  }
  if (fatal.length === 0) return
  throw new SwarmproofError({
    code: 'PORTS_BLOCKED',
    what: `no swarm can be built of these hosts:\n${fatal.map(({ detail }) => `- ${detail}`).join('\n')}`,
    hint: 'open 2377/tcp, 7946/tcp, 7946/udp, the data-path port (4789/udp) and protocol 50 between the hosts',
  })
}

interface VerifyOptions {
  readonly words: readonly string[]
  readonly flags: ValidateFlags
  readonly suites: readonly Suite[]
  readonly disruptive: readonly string[]
  readonly runId: string
  readonly begun: Begun
  readonly progress: LiveProgress
  readonly interruption: Interruption
}

function onHosts(found: FoundLab, footprint: Footprint): Topology {
  const probeImage = loadedImageName(footprint.prefix)
  return withFootprint(found.lab.topology, footprint, { probeImage, taskMemoryMib })
}

async function verify(found: FoundLab, topology: Topology, options: VerifyOptions): Promise<void> {
  const { words, flags, progress, interruption } = options
  const { probeImage, toolboxImage } = flags
  const paint = style(stdout)
  const finished = await validateRun(topology, found.lab, {
    ...options,
    images: {
      ...(probeImage === undefined ? {} : { probeImage }),
      ...(toolboxImage === undefined ? {} : { toolboxImage }),
    },
    init: flags.init ?? false,
    leave: flags.leave ?? false,
    ...(flags.load === undefined ? {} : { load: flags.load }),
    ...(flags.pairs === undefined ? {} : { pairs: flags.pairs }),
    bail: flags.bail ?? false,
    serial: flags.serial ?? false,
    ...(flags.atOnce === undefined ? {} : { atOnce: flags.atOnce }),
    timeoutMs: flags.timeout,
    known: knownRuns(flags),
    reportDir: flags.reportDir,
    reproduce: reproduce(words, flags),
    cleanCommand: shellLine(['swarmproof', 'clean', ...hostWords(words, flags), '--run', options.runId]),
    version: version(),
    signal: interruption.signal,
    onVerdict: (requirement) => {
      if (!flags.json) progress.print(stdout, verdictLines(requirement, paint))
    },
  })
  await concludeRun(finished, progress, flags.json === true, flags.profileTime)
}

/** The command that does it again. */
export function reproduce(words: readonly string[], flags: ValidateFlags): string {
  const again = ['swarmproof', 'validate', ...hostWords(words, flags)]
  if (flags.init) again.push('--init')
  if (flags.leave) again.push('--leave')
  if (flags.profile !== defaultProfile) again.push('--profile', flags.profile)
  if (flags.slow) again.push('--slow')
  if (flags.only) again.push('--only', ...flags.only)
  if (flags.skip) again.push('--skip', ...flags.skip)
  if (flags.grep !== undefined) again.push('--grep', flags.grep)
  if (flags.disruptive) again.push('--disruptive', ...flags.disruptive)
  if (flags.load !== undefined) again.push('--load', `${flags.load}`)
  if (flags.pairs !== undefined) again.push('--pairs', `${flags.pairs}`)
  if (flags.probeImage !== undefined) again.push('--probe-image', flags.probeImage)
  if (flags.toolboxImage !== undefined) again.push('--toolbox-image', flags.toolboxImage)
  again.push(...sideBySideWords(flags))
  if (flags.timeout !== defaultTimeLimitMs) again.push('--timeout', `${flags.timeout}ms`)
  if (flags.deadline !== undefined) again.push('--deadline', `${flags.deadline}ms`)
  return shellLine(again)
}

const examples = `
Examples:
  swarmproof validate deploy@manager1              the swarm of this manager, all its nodes
  swarmproof validate --inventory hosts.yml        the swarm of these hosts
  swarmproof validate -i hosts.yml --dry-run       say what would be created, and create nothing
  swarmproof validate root@a root@b --init --leave build a swarm of bare hosts, verify it, take it down
  swarmproof validate ops@m1 --profile quick       the few that find most faults
  swarmproof validate ops@m1 --only ENC --json     encryption alone, the result as JSON
  swarmproof validate ops@m1 --deadline 20m        over, and cleaned up, within 20 minutes
${inventoryHelp}
${deadlineHelp}

See \`swarmproof doctor --inventory FILE\` for what stands in the way, beforehand. Exit codes: 0 conformant,
1 not conformant, 2 inconclusive or not reached, 64 wrong usage or input, 70 the harness failed or left something
behind, 130 interrupted.`
