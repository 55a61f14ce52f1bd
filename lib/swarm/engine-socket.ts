import { SwarmproofError } from '../error.ts'
import type { Host } from '../host/host.ts'
import { missingTool } from '../missing-tool.ts'
import { redact } from '../redact.ts'
import { perlFile, scriptFile } from '../script-file.ts'
import { refusalHint } from './refusal-hint.ts'

/** Exit code of the script where the engine is reached by something other than a socket of the host. */
const noSocket = 45

/**
 * Sends a request to a host's engine over its socket, with a body that no command line may hold: words of a command are
 * seen by every user of the host and kept by its audit log. The body travels on standard input, to Perl, which every
 * Debian and Ubuntu has, and from there into the socket.
 *
 * @param path as of the Docker Engine API, without a version, e.g. `/swarm/join`
 * @throws SwarmproofError `DOCKER_FAILED` with the engine's own words when it refuses, `ENGINE_SOCKET` where the docker
 *   client of the host reaches its engine over a network; Lacking where the host has no perl
 */
export async function postToEngine(
  host: Host,
  path: string,
  body: Readonly<Record<string, unknown>>,
  timeoutMs: number,
): Promise<void> {
  const script = scriptFile(import.meta.url, 'engine-socket.sh', {
    program,
    path,
    seconds: Math.ceil(timeoutMs / 1000),
  })
  const { exitCode, stdout, stderr } = await host.remote.exec(script, {
    input: JSON.stringify(body),
    timeoutMs: timeoutMs + 5_000,
  })
  if (exitCode === 127) throw missingTool('perl', host.name)
  if (exitCode === noSocket) throw notLocal(host, stderr)
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(stdout)?.[1] ?? 0)
  if (exitCode === 0 && status >= 200 && status < 300) return
  throw new SwarmproofError({
    code: 'DOCKER_FAILED',
    what: `the engine refused ${path}`,
    host: host.name,
    expected: 'status 200',
    observed:
      status === 0
        ? `exit ${exitCode}: ${redact(stderr.trim()).slice(-300)}`
        : `status ${status}: ${messageOf(stdout)}`,
    ...refusalHint(messageOf(stdout)),
  })
}

/** Arguments: socket, path, seconds. HTTP/1.0, so that the answer ends with the connection and is not in chunks. */
const program = perlFile(import.meta.url, 'engine-socket.pl')

/** What the engine says in its answer, `{"message":"…"}`. */
function messageOf(answer: string): string {
  const body = answer.slice(answer.indexOf('\r\n\r\n') + 4)
  try {
    const { message } = JSON.parse(body) as { message?: unknown }
    return redact(typeof message === 'string' ? message : '').slice(0, 600)
  } catch {
    return 'no message'
  }
}

function notLocal(host: Host, stderr: string): SwarmproofError {
  return new SwarmproofError({
    code: 'ENGINE_SOCKET',
    what: 'the docker client of the host does not reach its engine by a socket, so nothing secret can be handed over',
    host: host.name,
    expected: 'a context or DOCKER_HOST of the form unix:///var/run/docker.sock',
    observed: stderr.trim().slice(-200),
    hint: 'docker context use default, for the user that the commands are run as',
  })
}
