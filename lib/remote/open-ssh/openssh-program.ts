import { execFile, spawnSync } from 'node:child_process'
import pLimit from 'p-limit'
import { SwarmproofError } from '../../error.ts'

/** What a program of OpenSSH said, and how it ended. */
export interface ProgramAnswer {
  readonly stdout: string
  readonly stderr: string
  readonly exitCode: number
}

/** They take a few milliseconds each; more at once than there are processors gain nothing. */
const programsAtOnce = 8
/** `Match exec` may run a slow command of the user's, and canonical names are looked up. */
const answerWithinMs = 30_000
const mostBytes = 16 * 1024 * 1024

const limit = pLimit(programsAtOnce)

/**
 * Runs a program of OpenSSH on this machine; words are handed over as they are, no shell reads them. An exit code other
 * than 0 is an answer.
 * @throws SwarmproofError `SSH_CLIENT_MISSING` if it is not installed, `SSH_CLIENT` if it does not end in time
 */
export function runOpenSshProgram(
  program: 'ssh' | 'ssh-keygen',
  words: readonly string[],
  environment?: NodeJS.ProcessEnv,
): Promise<ProgramAnswer> {
  return limit(
    () =>
      new Promise<ProgramAnswer>((resolve, reject) => {
        const options = {
          ...({
            encoding: 'utf8',
            timeout: answerWithinMs,
            killSignal: 'SIGKILL',
            maxBuffer: mostBytes,
          } as const),
          ...(environment === undefined ? {} : { env: withPath(environment) }),
        }
        const child = execFile(program, [...words], options, (error, stdout, stderr) => {
          const exitCode = error === null ? 0 : error.code
          if (typeof exitCode === 'number') resolve({ stdout, stderr, exitCode })
          else reject(programError(program, error as NodeJS.ErrnoException))
        })
        child.stdin?.end()
      }),
  )
}

/** The same for where an answer is needed at once: a host key must be judged before the next packet is read. */
export function runProgramNow(program: 'ssh-keygen', words: readonly string[]): ProgramAnswer {
  const options = { encoding: 'utf8', timeout: answerWithinMs, maxBuffer: mostBytes, input: '' } as const
  const { error, stdout, stderr, status } = spawnSync(program, [...words], options)
  if (error !== undefined) throw programError(program, error)
  return { stdout, stderr, exitCode: status ?? -1 }
}

/** The last lines of what it said, for an error. */
export function lastWords({ stderr, exitCode }: ProgramAnswer): string {
  const lines = stderr.trim().split(/\r?\n/).filter(Boolean).slice(-3)
  return lines.length === 0 ? `it ended with exit code ${exitCode} and said nothing` : lines.join(' | ')
}

function withPath(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'], ...environment }
}

function programError(program: string, error: NodeJS.ErrnoException): SwarmproofError {
  if (error.code === 'ENOENT') {
    return new SwarmproofError({
      code: 'SSH_CLIENT_MISSING',
      what: `the OpenSSH client is not installed: there is no ${program} on this machine`,
      expected: `${program}, which reads ssh_config and known_hosts; connections themselves need no program`,
      hint: 'apt-get install openssh-client',
      cause: error,
    })
  }
  return new SwarmproofError({
    code: 'SSH_CLIENT',
    what: `${program} did not answer`,
    expected: `an answer within ${answerWithinMs / 1000} s`,
    observed: error.message.split('\n')[0] ?? '',
    hint: "does a 'Match exec' of ssh_config run a command that hangs, or does a name server not answer?",
    cause: error,
  })
}
