import { readFileSync } from 'node:fs'
import { release } from 'node:os'
import { join } from 'node:path'
import Docker from 'dockerode'
import { SwarmproofError } from '../../error.ts'
import { engineEndpoints } from './engine-endpoint.ts'
import type { EngineEndpoint } from './engine-endpoint.ts'

/** An engine that answers. */
export interface Engine {
  readonly docker: Docker
  readonly endpoint: EngineEndpoint
  readonly version: string
  readonly kernelRelease: string
  readonly operatingSystem: string
  /** `x86_64`, `aarch64`. */
  readonly architecture: string
  /** Its containers run on the kernel this process runs on, as far as that can be told. */
  readonly sharesOurKernel: boolean
}

/** Nobody waits longer for an engine that may not be there. */
const reachWithinMs = 1000

/** The first engine that answers; else why none does, in words for after "no engine is reachable:". Quick and silent. */
export async function reachEngine(withinMs = reachWithinMs): Promise<Engine | string> {
  const signal = AbortSignal.timeout(withinMs)
  const failures: string[] = []
  let endpoints: readonly EngineEndpoint[]
  try {
    endpoints = await engineEndpoints()
  } catch (error) {
    return firstLine(error)
  }
  for (const endpoint of endpoints) {
    try {
      return await reach(endpoint, signal)
    } catch (error) {
      failures.push(`${endpoint.url} (${endpoint.source}): ${reason(error, signal, withinMs)}`)
    }
  }
  return failures[0] ?? 'none is configured'
}

/** @throws SwarmproofError `ENGINE_UNREACHABLE` */
export async function requireEngine(): Promise<Engine> {
  const engine = await reachEngine(10 * reachWithinMs)
  if (typeof engine !== 'string') return engine
  throw new SwarmproofError({
    code: 'ENGINE_UNREACHABLE',
    what: 'labs from containers need a Docker engine, and none is reachable',
    expected: 'an engine at DOCKER_HOST, in the docker context in use, or at /var/run/docker.sock',
    observed: engine,
    hint: 'start it, or let `docker info` say what is wrong; --hosts vm needs none',
  })
}

async function reach(endpoint: EngineEndpoint, signal: AbortSignal): Promise<Engine> {
  const docker = new Docker(dockerOptions(endpoint))
  // Its types do not know that it takes a signal, as all its calls do.
  const client = docker as unknown as { info(options: { abortSignal: AbortSignal }): Promise<Info> }
  const info = await unlessAborted(client.info({ abortSignal: signal }), signal)
  return {
    docker,
    endpoint,
    version: info.ServerVersion,
    kernelRelease: info.KernelVersion,
    operatingSystem: info.OperatingSystem,
    architecture: info.Architecture,
    sharesOurKernel: endpoint.url.startsWith('unix:') && info.KernelVersion === release(),
  }
}

interface Info {
  readonly ServerVersion: string
  readonly KernelVersion: string
  readonly OperatingSystem: string
  readonly Architecture: string
}

/** A socket that is connected to and never answers, or a name that is looked up for long, ends here too. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  work.catch(() => undefined)
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason as Error)
    if (signal.aborted) return abort()
    signal.addEventListener('abort', abort, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}

function dockerOptions({ url, certificates }: EngineEndpoint): Docker.DockerOptions {
  if (url.startsWith('unix://')) return { socketPath: url.slice('unix://'.length) }
  const { protocol, hostname, port, username } = new URL(url)
  if (protocol === 'ssh:') {
    const agent = process.env['SSH_AUTH_SOCK']
    return {
      ...{ protocol: 'ssh', host: hostname, port: port || 22 },
      ...(username === '' ? {} : { username: decodeURIComponent(username) }),
      sshOptions: agent === undefined ? {} : { agent },
    }
  }
  if (certificates === undefined) return { protocol: 'http', host: hostname, port: port || 2375 }
  const read = (name: string): Buffer => readFileSync(join(certificates, name))
  const keys = { ca: read('ca.pem'), cert: read('cert.pem'), key: read('key.pem') }
  return { protocol: 'https', host: hostname, port: port || 2376, ...keys }
}

function reason(error: unknown, signal: AbortSignal, withinMs: number): string {
  if (signal.aborted) return `no answer within ${withinMs / 1000} s`
  const { code } = error as NodeJS.ErrnoException
  if (code === 'ENOENT') return 'nothing is there'
  if (code === 'ECONNREFUSED') return 'nothing listens there'
  if (code === 'EACCES') return 'this user may not use it'
  return firstLine(error)
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? ''
}
