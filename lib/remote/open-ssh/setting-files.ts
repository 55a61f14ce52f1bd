import { existsSync } from 'node:fs'
import { InputError } from '../../error.ts'
import type { SshDestination } from './destination.ts'
import { expandFileName } from './resolved-config.ts'
import type { ConfigQuery, ResolvedConfig } from './resolved-config.ts'
import { isNone } from './setting-values.ts'
import type { SshEnvironment } from './ssh-environment.ts'

export interface IdentityFile {
  readonly path: string
  /** `asked`: named with the destination; it must be there. */
  readonly from: 'asked' | 'config' | 'default'
}

/** `~/` is the home directory; whatever else there is to expand is ssh's matter. */
export async function expandPath(text: string, home: string, query: ConfigQuery): Promise<string> {
  const path = text.replace(/^~(?=\/|$)/, () => home)
  return path.startsWith('~') || path.includes('%') || path.includes('${')
    ? expandFileName(path, query)
    : path
}

export async function identityFiles(
  { identityFiles: asked = [] }: SshDestination,
  { found, usual }: { readonly found: ResolvedConfig; readonly usual: ResolvedConfig },
  path: (text: string) => Promise<string>,
): Promise<IdentityFile[]> {
  const names = found.values('identityfile').filter((name) => !isNone(name))
  // ssh drops a file of `-i` that is not there without an error; ours are refused by name.
  const configured = names.filter((name) => !asked.includes(name))
  const byDefault = String(found.values('identityfile')) === String(usual.values('identityfile'))
  const read = async (name: string, from: IdentityFile['from']): Promise<IdentityFile> => ({
    path: await path(name),
    from,
  })
  if (byDefault && asked.length > 0) return Promise.all(asked.map((name) => read(name, 'asked')))
  return Promise.all([
    ...asked.map((name) => read(name, 'asked')),
    ...configured.map((name) => read(name, byDefault ? 'default' : 'config')),
  ])
}

export interface FileNames {
  readonly path: (text: string) => Promise<string>
  readonly home: string
  readonly host: string
}

/**
 * Lists of files are printed with blanks between the names, which may hold blanks themselves. A name begins with what a
 * whole one begins with; one that then holds a blank must be there, or it could be two of which one is relative.
 */
export async function fileList(
  keywords: readonly string[],
  found: ResolvedConfig,
  { path, home, host }: FileNames,
): Promise<string[]> {
  const lists = keywords.map(async (keyword) => {
    const text = found.value(keyword) ?? ''
    const names = text.split(/ (?=[/~%$]|none$)/i).filter((name) => name !== '' && !isNone(name))
    const expanded = await Promise.all(names.map(path))
    const isDoubtful = (name: string): boolean =>
      !name.startsWith('/') || (name.replace(home, '').includes(' ') && !existsSync(name))
    if (!expanded.some(isDoubtful)) return expanded
    throw new InputError({
      code: 'SSH_CONFIG_UNSUPPORTED',
      what: `${keyword} names a file by a relative name, or one with a blank that is not there`,
      host,
      expected: 'names that begin with / or ~/',
      observed: `${keyword} ${text}`,
    })
  })
  return (await Promise.all(lists)).flat()
}

export async function agentOf(
  found: ResolvedConfig,
  around: SshEnvironment,
  path: (text: string) => Promise<string>,
): Promise<string | false | undefined> {
  const text = found.value('identityagent')
  if (text === undefined || text === 'SSH_AUTH_SOCK') return undefined
  if (isNone(text)) return false
  const variable = /^\$(\w+)$/.exec(text)?.[1]
  if (variable !== undefined) return around.environment[variable] ?? false
  return path(text)
}
