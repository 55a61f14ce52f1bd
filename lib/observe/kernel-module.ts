import { wantedModules } from './observe-script.ts'

export interface ModuleStates {
  /** Loaded or built into the kernel, by name. */
  readonly present: Readonly<Record<string, boolean>>
  /** Not loaded, but there to be loaded when needed. */
  readonly loadable: readonly string[]
}

/** Reads `loaded NAME`, `builtin NAME` and `dep NAME` lines. */
export function parseModules(lines: readonly string[]): ModuleStates {
  const has = (kind: string, name: string): boolean => lines.includes(`${kind} ${name}`)
  const present = Object.fromEntries(
    wantedModules.map((name) => [name, has('loaded', name) || has('builtin', name)]),
  )
  return { present, loadable: wantedModules.filter((name) => present[name] !== true && has('dep', name)) }
}
