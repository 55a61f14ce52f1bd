import { readFileSync } from 'node:fs'
import { release } from 'node:os'
import { join } from 'node:path'
import Docker from 'dockerode'
import { firstLineOf, SwarmproofError } from '../../error.ts'
import { engineEndpoints } from './engine-endpoint.ts'
import type { EngineEndpoint } from './engine-endpoint.ts'
import { engineOverSsh, urlBehind } from './engine-over-ssh.ts'

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
/** A login and the start of a command on another host take their time, and nobody names such an engine by chance. */
const reachOverSshWithinMs = 30_000

/** The first engine that answers; else why none does, in words for after "no engine is reachable:". Quick and silent. */
export async function reachEngine(withinMs = reachWithinMs): Promise<Engine | string> {
  const failures: string[] = []
  let endpoints: readonly EngineEndpoint[]
  try {
    endpoints = await engineEndpoints()
  } catch (error) {
    return firstLineOf(error)
  }
  const signal = AbortSignal.timeout(withinMs)
  for (const endpoint of endpoints) {
    const url = (await urlBehind(endpoint.url)) ?? endpoint.url
    const limit = isOverSsh(url) ? AbortSignal.timeout(reachOverSshWithinMs) : signal
    try {
      return await reach({ ...endpoint, url }, limit)
    } catch (error) {
      failures.push(
        `${url} (${endpoint.source}): ${reason(error, limit, isOverSsh(url) ? reachOverSshWithinMs : withinMs)}`,
      )
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

async function reach(given: EngineEndpoint, signal: AbortSignal): Promise<Engine> {
  const tunnel = isOverSsh(given.url) ? await unlessAborted(engineOverSsh(given.url), signal) : undefined
  const endpoint = tunnel === undefined ? given : { ...given, socketPath: tunnel.socketPath }
  const docker = new Docker(dockerOptions(endpoint))
  // Its types do not know that it takes a signal, as all its calls do.
  const client = docker as unknown as { info(options: { abortSignal: AbortSignal }): Promise<Info> }
  const info = await unlessAborted(client.info({ abortSignal: signal }), signal).catch((error: unknown) => {
    throw tunnel?.explain(error) ?? error
  })
  requireEngineInfo(info)
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

function isOverSsh(url: string): boolean {
  return url.startsWith('ssh://')
}

/** Whatever listens may answer; only what an engine says of itself is taken for one. */
function requireEngineInfo(info: unknown): asserts info is Info {
  const fields = ['ServerVersion', 'KernelVersion', 'OperatingSystem', 'Architecture'] as const
  const record = typeof info === 'object' && info !== null ? (info as Record<string, unknown>) : {}
  const absent = fields.filter((name) => typeof record[name] !== 'string' || record[name] === '')
  if (absent.length > 0)
    throw new Error(`what answers there is not a Docker engine: its answer lacks ${absent.join(', ')}`)
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

function dockerOptions({ url, socketPath, certificates }: EngineEndpoint): Docker.DockerOptions {
  if (socketPath !== undefined) return { ...overSocket, socketPath }
  if (url.startsWith('unix://')) return { ...overSocket, socketPath: url.slice('unix://'.length) }
  const { hostname, port } = new URL(url)
  if (certificates === undefined) return { protocol: 'http', host: hostname, port: port || 2375 }
  const read = (name: string): Buffer => readFileSync(join(certificates, name))
  const keys = { ca: read('ca.pem'), cert: read('cert.pem'), key: read('key.pem') }
  return { protocol: 'https', host: hostname, port: port || 2376, ...keys }
}

/** Said, because dockerode completes what is not with what DOCKER_HOST says. */
const overSocket = {
  protocol: 'http',
  host: undefined,
  port: undefined,
  pathPrefix: undefined,
} as unknown as Docker.DockerOptions

function reason(error: unknown, signal: AbortSignal, withinMs: number): string {
  if (error instanceof SwarmproofError) return sentenceOf(error)
  if (signal.aborted) return `no answer within ${withinMs / 1000} s`
  const { code } = error as NodeJS.ErrnoException
  if (code === 'ENOENT') return 'nothing is there'
  if (code === 'ECONNREFUSED') return 'nothing listens there'
  if (code === 'EACCES') return 'this user may not use it'
  return firstLineOf(error)
}

/** What is wrong, what was seen and what to do, on one line. */
function sentenceOf({ detail }: SwarmproofError): string {
  return [detail.what, detail.observed, detail.hint].filter((part) => part !== undefined).join('; ')
}
