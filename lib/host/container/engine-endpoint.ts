import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile, readdir } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { InputError, unknownName } from '../../error.ts'

/** Where an engine may listen, found as the docker command finds it. */
export interface EngineEndpoint {
  /** `unix:///var/run/docker.sock`, `tcp://…`, `ssh://…`. */
  readonly url: string
  /** What named it: `DOCKER_HOST`, `docker context build`, or nothing but that it is the usual place. */
  readonly source: string
  /** UNIX socket of this process that leads there, for what is behind SSH. */
  readonly socketPath?: string
  /** Folder of ca.pem, cert.pem and key.pem, for TLS. */
  readonly certificates?: string
}

type Environment = Readonly<Record<string, string | undefined>>

/**
 * Docker CLI reference, "docker context": DOCKER_HOST, else the context named by DOCKER_CONTEXT or by the
 * configuration file, else the usual sockets, of which several may be tried.
 * @throws InputError for a context that is not there or has no endpoint
 */
export async function engineEndpoints(
  environment: Environment = process.env,
  home = environment['HOME'] ?? homedir(),
): Promise<readonly EngineEndpoint[]> {
  const given = environment['DOCKER_HOST']
  if (given !== undefined && given !== '') {
    const url = given.includes('://') ? given : `tcp://${given}`
    const secure = (environment['DOCKER_TLS_VERIFY'] ?? '') !== '' || url.endsWith(':2376')
    const folder = environment['DOCKER_CERT_PATH'] ?? join(home, '.docker')
    return [
      { url, source: 'DOCKER_HOST', ...(secure && url.startsWith('tcp:') ? { certificates: folder } : {}) },
    ]
  }
  const folder = environment['DOCKER_CONFIG'] ?? join(home, '.docker')
  const context = environment['DOCKER_CONTEXT'] || (await currentContext(folder))
  if (context !== undefined && context !== 'default') return [await contextEndpoint(folder, context)]
  const runtime = environment['XDG_RUNTIME_DIR']
  return [
    '/var/run/docker.sock',
    ...(runtime === undefined ? [] : [join(runtime, 'docker.sock')]),
    join(home, '.docker/run/docker.sock'),
  ].map((path) => ({ url: `unix://${path}`, source: 'the usual place' }))
}

async function currentContext(folder: string): Promise<string | undefined> {
  const config = await readJson(join(folder, 'config.json'))
  const name = config?.['currentContext']
  return typeof name === 'string' && name !== '' ? name : undefined
}

/** Contexts lie in folders named by the SHA-256 of their names (docker/cli, cli/context/store). */
async function contextEndpoint(folder: string, name: string): Promise<EngineEndpoint> {
  const id = createHash('sha256').update(name).digest('hex')
  const meta = await readJson(join(folder, 'contexts/meta', id, 'meta.json'))
  if (meta === undefined) throw unknownName('docker context', name, await contextNames(folder))
  const url = (meta['Endpoints'] as { docker?: { Host?: unknown } } | undefined)?.docker?.Host
  if (typeof url !== 'string' || url === '') {
    throw new InputError({
      code: 'CONTEXT_WITHOUT_ENGINE',
      what: `docker context '${name}' does not name an engine`,
      expected: 'an endpoint with a host',
      hint: `docker context inspect ${name}`,
    })
  }
  const certificates = join(folder, 'contexts/tls', id, 'docker')
  return { url, source: `docker context ${name}`, ...(existsSync(certificates) ? { certificates } : {}) }
}

async function contextNames(folder: string): Promise<string[]> {
  const ids = await readdir(join(folder, 'contexts/meta')).catch(() => [])
  const names = await Promise.all(
    ids.map(async (id) => (await readJson(join(folder, 'contexts/meta', id, 'meta.json')))?.['Name']),
  )
  return ['default', ...names.filter((name) => typeof name === 'string')]
}

async function readJson(path: string): Promise<Readonly<Record<string, unknown>> | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>
  } catch {
    return undefined
  }
}
