import { SwarmproofError } from '../error.ts'
import type { Host } from '../host/host.ts'
import { redact } from '../redact.ts'
import type { Script } from '../script.ts'
import { refusalHint } from './refusal-hint.ts'

export interface DockerOptions {
  readonly timeoutMs?: number
  readonly input?: string
}

/**
 * Runs a shell script of docker commands on a host and returns its standard output.
 * @throws SwarmproofError `DOCKER_FAILED` with the engine's own words when it exits non-zero; never with what it printed
 *   on standard output, which may be of somebody else's objects
 */
export async function docker(
  host: Pick<Host, 'name' | 'remote'>,
  script: Script,
  options: DockerOptions = {},
): Promise<string> {
  const result = await host.remote.exec(script, { timeoutMs: 60_000, ...options })
  if (result.exitCode === 0) return result.stdout
  throw new SwarmproofError({
    code: 'DOCKER_FAILED',
    what: `docker refused: ${firstLine(script.text)}`,
    host: host.name,
    expected: 'exit 0',
    observed: `exit ${result.exitCode}: ${redact(result.stderr.trim()).slice(-600)}`,
    ...refusalHint(result.stderr),
  })
}

/** As `docker`, with the output parsed as one JSON document a line. */
export async function dockerLines(
  host: Host,
  script: Script,
  options: DockerOptions = {},
): Promise<unknown[]> {
  const lines = (await docker(host, script, options)).split('\n').filter((line) => line.trim() !== '')
  return lines.map((line, index) => parse(host, line, `line ${index + 1} of ${lines.length}`))
}

/** Quotes nothing: what a manager prints may be of somebody else's objects, with what they keep to themselves. */
function parse(host: Host, line: string, which: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    throw new SwarmproofError({
      code: 'DOCKER_OUTPUT',
      what: 'docker printed something that is not JSON',
      host: host.name,
      observed: `${which}, ${line.length} characters`,
      hint: 'run the command on the host: docker network inspect, docker service inspect or docker inspect',
    })
  }
}

function firstLine(script: string): string {
  return redact(script.trim().split('\n')[0] ?? '').slice(0, 200)
}
