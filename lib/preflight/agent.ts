import { SwarmproofError } from '../error.ts'
import { readLines } from '../remote/bounded-lines.ts'
import type { Remote } from '../remote/remote.ts'
import { preflightCommand } from './agent-script.ts'

/** One line of an agent, split at spaces. */
export type AgentEvent = readonly string[]

/** The agent on one host. Disposing ends it. */
export interface PreflightAgent extends AsyncDisposable {
  send(lines: readonly string[]): void
  /** Sockets it could not have, because something else has them: `tcp 2377`. */
  readonly held: ReadonlySet<string>
  /** Why it cannot watch the interfaces, if it cannot. */
  readonly blind: string | undefined
}

/** No measurement takes longer; then agents end by themselves, whatever became of us. */
const limitSeconds = 180
const readyWithinMs = 30_000

/** Starts the agent and lets it take its sockets; resolves when it watches. */
export async function startAgent(
  remote: Remote,
  plan: readonly string[],
  onEvent: (event: AgentEvent) => void,
): Promise<PreflightAgent> {
  const process = await remote.spawn(preflightCommand(), { stdin: 'pipe' })
  const held = new Set<string>()
  let [blind, complaint]: [string | undefined, string] = [undefined, '']
  process.stderr.on('data', (chunk: Buffer) => (complaint = `${complaint}${chunk.toString()}`.slice(-300)))
  process.stdin.on('error', () => undefined)
  const ready = new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(failed(remote.host, 'it did not get ready')), readyWithinMs)
    readLines(process.stdout, (line) => {
      const [verb = '', ...words] = line.split(' ')
      if (verb === 'held') held.add(words.join(' '))
      else if (verb === 'blind') blind = words.join(' ')
      else if (verb === 'broken') reject(failed(remote.host, words.join(' ')))
      else if (verb === 'ready') {
        clearTimeout(timer)
        resolve()
      } else onEvent([verb, ...words])
    }).catch((error: unknown) => {
      reject(failed(remote.host, error instanceof Error ? error.message : String(error)))
      void process.stop().catch(() => undefined)
    })
    void process.exited
      .then(({ exitCode }) => reject(failed(remote.host, complaint.trim() || `exit code ${exitCode}`)))
      .catch(reject)
      .finally(() => clearTimeout(timer))
  })
  process.stdin.write(`limit ${limitSeconds}\n${plan.join('\n')}\nend\n`)
  try {
    await ready
  } catch (error) {
    await process.stop()
    throw error
  }
  return {
    held,
    blind,
    send: (lines) => void process.stdin.write(lines.map((line) => `${line}\n`).join('')),
    [Symbol.asyncDispose]: () => process.stop(),
  }
}

function failed(host: string, observed: string): SwarmproofError {
  return new SwarmproofError({
    code: 'PREFLIGHT_AGENT',
    what: 'the program that measures ports does not run',
    host,
    observed,
    hint: 'it needs perl-base and root',
  })
}
