import { SwarmproofError } from '../error.ts'
import type { Host } from '../host/host.ts'
import { missingTool } from '../missing-tool.ts'
import { execSections, type Sections } from '../remote/sections.ts'
import type { Script } from '../script.ts'
import { scriptFile } from '../script-file.ts'

export interface NamespaceRead {
  readonly path: string
  /** Programs `inside` is made of, beside coreutils. */
  readonly tools: readonly string[]
  /** Run in the namespace, by a shell of its own; `$1` is the mark of sections. */
  readonly inside: Script
  /** For an error: what could not be read. */
  readonly what: string
}

/**
 * Runs a script in a network namespace of a host and returns what it printed; undefined if there is no such namespace.
 * @throws MissingTool by what the host's own shell looks up before; `OBSERVE_FAILED` where the script failed
 */
export async function readInNamespace(
  host: Host,
  { path, tools, inside, what }: NamespaceRead,
): Promise<Sections | undefined> {
  const script = scriptFile(import.meta.url, 'in-one-namespace.sh', { path, inside: inside.text }, tools)
  const { result, sections } = await execSections(host.remote, script, { idempotent: true })
  const [first] = sections.all
  if (sections.complete && first?.name === 'missing') throw missingTool(first.argument, host.name)
  if (sections.complete && first?.name === 'none') return undefined
  if (sections.complete && result.exitCode === 0) return sections
  throw new SwarmproofError({
    code: 'OBSERVE_FAILED',
    what: `${what} in ${path} could not be read`,
    host: host.name,
    observed: `exit code ${result.exitCode}: ${(result.stderr || result.stdout).trim().slice(-300)}`,
  })
}
