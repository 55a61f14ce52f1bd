import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command, CommanderError } from 'commander'
import { ExitCode, InputError, InterruptedError, SwarmproofError } from '../error.ts'
import { packageRoot } from '../package-root.ts'
import { redact } from '../redact.ts'

/** Commands by name; each module is loaded only when its command is named, so that small ones start at once. */
const commands: Readonly<Record<string, () => Promise<Command>>> = {
  run: async () => (await import('./run.ts')).runCommand(),
  up: async () => (await import('./up.ts')).upCommand(),
  down: async () => (await import('./down.ts')).downCommand(),
  exec: async () => (await import('./exec.ts')).execCommand(),
  ssh: async () => (await import('./ssh.ts')).sshCommand(),
  clean: async () => (await import('./clean.ts')).cleanCommand(),
  inspect: async () => (await import('./inspect.ts')).inspectCommand(),
  merge: async () => (await import('./merge.ts')).mergeCommand(),
  history: async () => (await import('./history.ts')).historyCommand(),
  report: async () => (await import('./report.ts')).reportCommand(),
  setup: async () => (await import('./setup.ts')).setupCommand(),
  list: async () => (await import('./list.ts')).listCommand(),
  explain: async () => (await import('./explain.ts')).explainCommand(),
  faults: async () => (await import('./faults.ts')).faultsCommand(),
  validate: async () => (await import('./validate.ts')).validateCommand(),
  doctor: async () => (await import('./doctor.ts')).doctorCommand(),
}

/** The whole command line: parses, runs one command, and is the one place that turns errors into exit codes. */
export async function runCommandLine(words: readonly string[]): Promise<void> {
  process.stdout.on('error', endOnClosedPipe)
  try {
    const program = await programFor(words)
    await program.parseAsync([...words], { from: 'user' })
  } catch (error) {
    process.exitCode = report(error)
  }
}

export function version(): string {
  const manifest = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')) as {
    version: string
  }
  return manifest.version
}

async function programFor(words: readonly string[]): Promise<Command> {
  const program = new Command('swarmproof')
    .description('Proves that a Docker Swarm network does what it promises.')
    .version(version(), '-V, --version')
    .enablePositionalOptions()
    .addHelpText('after', help)
  const named = words.find((word) => !word.startsWith('-'))
  const load = named === undefined ? undefined : commands[named]
  const loads = load === undefined ? Object.values(commands) : [load]
  for (const command of await Promise.all(loads.map((each) => each()))) program.addCommand(command)
  return throwing(program)
}

/** Makes commander throw instead of ending the process, and name what is valid, in every command. */
function throwing(command: Command): Command {
  command.exitOverride()
  command.configureOutput({
    outputError: (text, write) =>
      write(`swarmproof: ${text.replace(/^error: /, '')}${validNames(command, text)}`),
  })
  for (const sub of command.commands) throwing(sub)
  return command
}

function validNames(command: Command, message: string): string {
  if (message.includes('unknown option')) {
    return `  valid: ${command.options.map((option) => option.long ?? option.short).join(', ')}, --help\n`
  }
  if (message.includes('unknown command')) return `  valid: ${Object.keys(commands).join(', ')}\n`
  return `  see: swarmproof ${command.parent === null ? '' : `${command.name()} `}--help\n`
}

function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : ExitCode.usage
  if (error instanceof SwarmproofError) {
    process.stderr.write(redact(`swarmproof: ${error.message}\n`))
    if (error.detail.log !== undefined) process.stderr.write(redact(logTail(error)))
    if (error instanceof InterruptedError) return ExitCode.interrupted
    return error instanceof InputError ? ExitCode.usage : ExitCode.harness
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
  process.stderr.write(redact(`swarmproof: unexpected error, please report it\n${text}\n`))
  return ExitCode.harness
}

function logTail(error: SwarmproofError): string {
  const lines = (error.detail.log ?? []).slice(-15).map((line) => `  | ${line}`)
  return `  last lines of ${error.detail.logSource ?? 'the log'}:\n${lines.join('\n')}\n`
}

function endOnClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') process.exit(0)
}

const help = `
Examples:
  swarmproof run                          verify a three-host lab, write the report
  swarmproof run three-node --only ENC    only the encryption requirements
  swarmproof explain VXL-06               a requirement, how it is verified, what breaks it
  swarmproof inspect capture.pcap         what VXLAN and ESP a capture holds
  swarmproof doctor                       can this machine run labs?

Exit codes:
  0 conformant, 1 not conformant, 2 inconclusive, 64 wrong usage or input, 70 the harness failed,
  130 interrupted`
