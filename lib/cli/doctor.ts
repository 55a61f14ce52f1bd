import { Command } from 'commander'
import { ExitCode } from '../error.ts'
import { canRunLabs, inspectReadiness } from '../host/vm/readiness.ts'
import type { ReadinessCheck } from '../host/vm/readiness.ts'
import { silentProgress } from '../progress.ts'
import { doctorHosts } from './doctor-hosts.ts'
import { type HostFlags, inventoryHelp, withHostOptions } from './given-hosts.ts'
import { onInterruption } from './interruption.ts'
import { stderr, stdout } from './output.ts'
import { type Style, style } from './terminal.ts'

const examples = `
Examples:
  swarmproof doctor                          what is there, what is missing, what to type
  swarmproof doctor --probe                  try KVM again with a real boot (at most 15 s)
  swarmproof doctor --json                   the findings as JSON
  swarmproof doctor deploy@192.0.2.1         hosts you have: this manager and all nodes of its swarm
  swarmproof doctor root@a root@b root@c     hosts of a swarm that is still to be made
  swarmproof doctor --inventory hosts.yml    hosts of an inventory
${inventoryHelp}

Of hosts you have, each is asked what it is, and between every two of them ports 2377, 7946, that of the data path,
protocol 50 and the path MTU are measured with a few small datagrams. Nothing is changed on them.

Exit codes, this machine: 0 labs can run (the next run installs what it can by itself), 70 something is missing that it
cannot. Hosts: 0 nothing is in the way, 1 a port is blocked or packets are lost between them, 70 a host cannot be
verified.`

interface DoctorFlags extends HostFlags {
  readonly probe: boolean
  readonly json: boolean
}

export function doctorCommand(): Command {
  const command = new Command('doctor')
    .summary('tell whether this machine can run labs, or hosts can be verified')
    .description(
      'Tells whether this machine can run labs, or existing hosts can be verified: what is missing, and what to type.',
    )
    .argument('[hosts...]', 'hosts you have, as user@host; without any and without --inventory, this machine')
    .option('--probe', 'try hardware acceleration again instead of quoting the remembered answer', false)
    .option('--json', 'print the findings as JSON', false)
  return withHostOptions(command)
    .addHelpText('after', examples)
    .action((hosts: readonly string[], flags: DoctorFlags) =>
      hosts.length > 0 || flags.inventory !== undefined ? doctorHosts(hosts, flags) : doctorHere(flags),
    )
}

async function doctorHere(flags: DoctorFlags): Promise<void> {
  const interruption = onInterruption((text) => stderr.write(`swarmproof: ${text}\n`))
  try {
    const { signal } = interruption
    const findings = await inspectReadiness({ probe: flags.probe, progress: silentProgress, signal })
    const ready = canRunLabs(findings)
    if (flags.json) stdout.deliverJson({ ready, findings })
    else stdout.deliver(`${readinessPage(findings, style(stdout))}\n`)
    if (!ready) process.exitCode = ExitCode.harness
  } catch (error) {
    throw interruption.signal.aborted ? interruption.signal.reason : error
  } finally {
    interruption.release()
  }
}

/** One line per finding, what to type below it, and a verdict. */
export function readinessPage(findings: readonly ReadinessCheck[], paint: Style): string {
  const width = Math.max(...findings.map(({ name }) => name.length))
  const lines = findings.flatMap((finding) => {
    const line = `${painted(finding.status, paint)}  ${finding.name.padEnd(width)}  ${finding.detail}`
    if (finding.status === 'ok') return [line]
    const advice = finding.fixedBy === 'setup' ? 'the next run does this by itself' : finding.hint
    return advice === undefined ? [line] : [line, `${' '.repeat(11 + width)}-> ${advice}`]
  })
  return [...lines, '', verdict(findings)].join('\n')
}

function verdict(findings: readonly ReadinessCheck[]): string {
  const missing = findings.filter(({ status }) => status === 'missing')
  const blocking = missing.filter(({ fixedBy }) => fixedBy === 'user')
  if (blocking.length > 0) {
    return `Labs cannot run here yet: see ${blocking.map(({ name }) => name).join(', ')}.`
  }
  return missing.some(({ fixedBy }) => fixedBy === 'setup')
    ? 'Labs can run here. `npm start` (or `swarmproof run`) installs and builds what is missing.'
    : 'Labs can run here.'
}

function painted(status: ReadinessCheck['status'], { green, red, yellow }: Style): string {
  return { ok: green, missing: red, unknown: yellow }[status](status.padEnd(7))
}
