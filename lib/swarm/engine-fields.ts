import { SwarmproofError } from '../error.ts'
import type { Host } from '../host/host.ts'
import { missingTool } from '../missing-tool.ts'
import { redact } from '../redact.ts'
import { execSections } from '../remote/sections.ts'
import { perlFile, scriptFile } from '../script-file.ts'
import type { EngineFilters } from './engine-api.ts'
import { refusalHint } from './refusal-hint.ts'

/** A list of objects of an engine, which may be anybody's, and what is taken of each. */
export interface FieldsAsked {
  /** As of the Docker Engine API, without a version, e.g. `/services`. */
  readonly path: string
  readonly filters?: EngineFilters
  /**
   * Where they stand in the engine's own JSON, with slashes between: `Spec/Name`, `Ports/[]/PublishedPort` of each of a list,
   * `Status/Err/~` where it holds a known pattern. A field is a text, a number, true, false or nothing.
   */
  readonly fields: readonly string[]
  /** Objects beyond these are left out. */
  readonly most: number
}

export interface FieldsTold {
  /** In the shape of the engine's API, with nothing but the fields that were asked for. */
  readonly objects: readonly unknown[]
  readonly isCut: boolean
}

const withinSeconds = 60

/**
 * Reads lists of an engine by one remote call, which starts its client once: an environment, a label, a mount or a command of
 * somebody's service never leaves the host.
 * @param known pattern of Perl, for fields that end with `~`
 * @throws SwarmproofError `DOCKER_FAILED` where the engine refuses one of them or does not answer; Lacking where the host has
 *   no perl
 */
export async function readFields<K extends string>(
  host: Pick<Host, 'name' | 'remote'>,
  asked: Readonly<Record<K, FieldsAsked>>,
  known = '(?!)',
): Promise<Readonly<Record<K, FieldsTold>>> {
  const names = Object.keys(asked) as K[]
  const words = names.map((name) => {
    const { path, filters, fields, most } = asked[name]
    const query = filters === undefined ? '' : `?filters=${encodeURIComponent(JSON.stringify(filters))}`
    return [name, `${path}${query}`, most, ...fields].join(' ')
  })
  const script = scriptFile(
    import.meta.url,
    'engine-fields.sh',
    { program: perlFile(import.meta.url, 'engine-fields.pl'), seconds: withinSeconds, known },
    words,
  )
  if (host.remote.calls !== undefined) host.remote.calls.engineRequests += names.length
  const { result, sections } = await execSections(host.remote, script, {
    timeoutMs: (withinSeconds + 5) * 1000,
    idempotent: true,
  })
  if (sections.complete) {
    const cut = new Set(sections.all.flatMap(({ name, argument }) => (name === 'cut' ? [argument] : [])))
    return Object.fromEntries(
      names.map((name) => [
        name,
        { objects: sections.lines(name).map((line) => parsed(host.name, line)), isCut: cut.has(name) },
      ]),
    ) as unknown as Record<K, FieldsTold>
  }
  if (result.exitCode === 127) throw missingTool('perl', host.name)
  const refused = sections.all.find(({ name }) => name === 'refused')
  const [name = '', status = ''] = refused?.argument.split(' ') ?? []
  const said = redact(refused?.lines[0] ?? result.stderr.trim()).slice(-300)
  throw new SwarmproofError({
    code: 'DOCKER_FAILED',
    what:
      refused === undefined ? 'the engine was not read' : `the engine refused GET ${asked[name as K].path}`,
    host: host.name,
    expected: refused === undefined ? 'answers over `docker system dial-stdio`' : 'status 200',
    observed: refused === undefined ? `exit ${result.exitCode}: ${said}` : `status ${status}: ${said}`,
    ...refusalHint(said),
  })
}

/** Quotes nothing: it may be of somebody else's objects. */
function parsed(host: string, line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    throw new SwarmproofError({
      code: 'DOCKER_OUTPUT',
      what: 'the engine answered by something that cannot be read',
      host,
      observed: `${line.length} characters`,
    })
  }
}
