import type { Part } from './part.ts'
import type { ProbeSeen } from './probe-seen.ts'

/** Names as a program in a task finds them, beside what its resolver answers. By node, one task each. */
export interface ApplicationNames {
  readonly places: Readonly<Record<string, Part<ApplicationPlace>>>
  /** The same names asked of the task’s resolver (127.0.0.11), and of the host’s nameservers by the host. */
  readonly asked: readonly NameAsked[]
}

export interface ApplicationPlace {
  /** Label of the task. */
  readonly task: string
  readonly ofTask: ResolverFile
  readonly ofHost: ResolverFile
  /** The list of systemd-resolved, which the engine reads where the host’s file names nothing but its stub. */
  readonly ofResolved: ResolverFile
  readonly found: readonly ApplicationFound[]
}

/** What resolv.conf(5) says of it. */
export interface ResolverFile {
  readonly nameservers: readonly string[]
  /** Of the last line. */
  readonly search: readonly string[]
  readonly options: readonly string[]
}

/** Of getaddrinfo, by `getent -s dns ahosts`. */
export interface ApplicationFound {
  readonly name: string
  /** 0: found. 2: not found. 124: not within the time allowed. */
  readonly exitCode: number
  readonly addresses: readonly string[]
  readonly seconds: number
}

export interface NameAsked {
  readonly node: string
  readonly name: string
  readonly type: 'A' | 'AAAA'
  readonly by: 'task' | 'host'
  readonly probe: ProbeSeen
}

/** How many dots a name needs to be asked as it is before the search list is tried; the last option counts. */
export function ndotsOf({ options }: Pick<ResolverFile, 'options'>): number {
  const given = options.flatMap((option) => /^ndots:(\d{1,3})$/.exec(option)?.[1] ?? [])
  return given.length === 0 ? 1 : Number(given.at(-1))
}

/** Names an application asks, in their order: resolv.conf(5). */
export function triedNames(name: string, file: Pick<ResolverFile, 'options' | 'search'>): string[] {
  if (name.endsWith('.')) return [name]
  const suffixed = file.search.filter((domain) => domain !== '.').map((domain) => `${name}.${domain}`)
  const dots = name.split('.').length - 1
  return dots >= ndotsOf(file) ? [name, ...suffixed] : [...suffixed, name]
}
