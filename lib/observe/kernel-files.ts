/** Files of /proc by path, line by line; those that a host does not have are missing. */
export type KernelFiles = ReadonlyMap<string, readonly string[]>

/** `PATH:line`, as `grep -H` prints it. */
export function parseKernelFiles(lines: readonly string[]): KernelFiles {
  const files = new Map<string, string[]>()
  for (const line of lines) {
    const [, path, content] = /^(\/proc\/[^:]+):(.*)$/.exec(line) ?? []
    if (path === undefined || content === undefined) continue
    const of = files.get(path)
    if (of === undefined) files.set(path, [content])
    else of.push(content)
  }
  return files
}
