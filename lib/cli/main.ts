import { setMaxListeners } from 'node:events'
import { Command, CommanderError } from 'commander'
import { ExitCode, InputError, InterruptedError, OutOfTimeError, SwarmproofError } from '../error.ts'
import { version } from '../package-root.ts'
import { commands } from './command-table.ts'
import { breakOff } from './interruption.ts'
import { stderr, stdout } from './output.ts'

/** The whole command line: parses and runs one command. */
export async function runCommandLine(words: readonly string[]): Promise<void> {
  return runProgram(() => programFor(words), words)
}

/** Runs one command; the one place that turns errors into exit codes. */
export async function runProgram(
  make: () => Command | Promise<Command>,
  words: readonly string[],
): Promise<void> {
  const unexpected = new UnexpectedErrors()
  // One signal ends what is under way on every host: as many listen as there are hosts, and that is no leak.
  setMaxListeners(0)
  try {
    const program = throwing(await make())
    await program.parseAsync([...words], { from: 'user' })
  } catch (error) {
    process.exitCode = report(error)
  }
  await Promise.all([stdout.flush(), stderr.flush()])
  process.exitCode = atLast(Number(process.exitCode ?? 0), unexpected.seen)
  unexpected.release()
}

/**
 * The exit code of a command that ended with `code`. Success needs that nothing unexpected happened, and that the
 * product of the command was written: 141 if its reader went away, 70 if there was no room for it.
 */
export function atLast(
  code: number,
  unexpected: boolean,
  output: Pick<typeof stdout, 'isProductLost' | 'end' | 'endCode'> = stdout,
): number {
  if (unexpected && (code === ExitCode.conformant || code === ExitCode.inconclusive)) return ExitCode.harness
  if (code !== ExitCode.conformant || !output.isProductLost) return code
  if (output.end === 'closed') return ExitCode.readerLeft
  stderr.write(`swarmproof: standard output could not be written: ${output.endCode}\n`)
  return ExitCode.harness
}

/**
 * What no code caught. The command that is under way is told to clean up; where none is, the process ends. Either way
 * the exit code is 70, also where the process ends because nothing is left that it waits for.
 */
class UnexpectedErrors {
  seen = false
  /** mocha hands on what it got as well. */
  readonly #told = new Set<unknown>()
  #released = false

  constructor() {
    process.on('uncaughtException', this.#caught)
    process.on('unhandledRejection', this.#caught)
    process.once('exit', this.#atExit)
  }

  release(): void {
    this.#released = true
    process.off('uncaughtException', this.#caught)
    process.off('unhandledRejection', this.#caught)
    process.off('exit', this.#atExit)
  }

  readonly #caught = (error: unknown): void => {
    this.seen = true
    if (this.#told.has(error)) return
    this.#told.add(error)
    report(error)
    const reason = new SwarmproofError({
      code: 'UNEXPECTED',
      what: 'the program itself failed',
      observed: error instanceof Error ? error.message : String(error),
      hint: 'please report it, with the stack that log.ndjson of the run holds',
      cause: error,
    })
    if (error instanceof Error && error.stack !== undefined) reason.stack = `${reason.stack}\n${error.stack}`
    if (!breakOff(reason)) process.exit(ExitCode.harness)
  }

  readonly #atExit = (code: number): void => {
    // Node's own code for a command that waits for nothing is 13.
    if (!this.#released && code !== ExitCode.interrupted) process.exitCode = ExitCode.harness
  }
}

async function programFor(words: readonly string[]): Promise<Command> {
  const program = new Command('swarmproof')
    .description('Proves that a Docker Swarm network does what it promises.')
    .version(version(), '-V, --version')
    .enablePositionalOptions()
    .addHelpText('after', help)
  const [first, second] = words.filter((word) => !word.startsWith('-'))
  const entry = commands[(first === 'help' ? second : first) ?? '']
  if (entry !== undefined) return program.addCommand(await entry.load())
  program.configureHelp({ subcommandTerm: (command) => `${command.name()} ${command.usage()}` })
  for (const [name, { usage, summary }] of Object.entries(commands))
    program.command(name).usage(usage).summary(summary)
  return program
}

/** Makes commander throw instead of ending the process, and name what is valid, in every command. */
function throwing(command: Command): Command {
  command.exitOverride()
  command.configureOutput({
    writeOut: (text) => stdout.deliver(text),
    writeErr: (text) => stderr.write(text),
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
    stderr.write(`swarmproof: ${error.message}\n`)
    if (error.detail.log !== undefined) stderr.write(logTail(error))
    if (error instanceof InterruptedError) return ExitCode.interrupted
    if (error instanceof OutOfTimeError) return ExitCode.inconclusive
    return error instanceof InputError ? ExitCode.usage : ExitCode.harness
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
  stderr.write(`swarmproof: unexpected error, please report it\n${text}\n`)
  return ExitCode.harness
}

function logTail(error: SwarmproofError): string {
  const lines = (error.detail.log ?? []).slice(-15).map((line) => `  | ${line}`)
  return `  last lines of ${error.detail.logSource ?? 'the log'}:\n${lines.join('\n')}\n`
}

const help = `
Examples:
  swarmproof run                          verify a three-host lab, write the report
  swarmproof run three-node --only ENC    only the encryption requirements
  swarmproof explain VXL-06               a requirement, how it is verified, what breaks it
  swarmproof inspect capture.pcap         what VXLAN and ESP a capture holds
  swarmproof doctor                       can this machine run labs?

Exit codes:
  0 conformant, else the first of these that applies: 130 interrupted, 1 not conformant, 70 the harness failed or left
  something behind, 2 inconclusive or not reached. 64 wrong usage or input. A command that merely prints ends with 141
  if its reader goes away, as in \`swarmproof list | head -1\`.`
