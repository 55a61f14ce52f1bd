/** Has the sources of a checkout tell `counting.js` what they do. Both commits hold these lines, `lib/poll.ts` the later one. */
export const tellingLines = [
  {
    file: '/lib/eventually.ts',
    line: 'export async function eventually<T>(bound: Bound, look: () => Promise<Look<T>>): Promise<T> {\n',
    told: (line) => `${line}  look = globalThis.swarmproofCounts.looking(bound, look)\n`,
  },
  {
    file: '/lib/poll.ts',
    line: '  const startedAt = clock.now()\n',
    told: (line) => `  look = globalThis.swarmproofCounts.looking({ withinMs, everyMs }, look)\n${line}`,
  },
  {
    file: '/lib/probe/agent-protocol.ts',
    line: '  const spaces = new Map<string, number>()\n',
    told: (line) => `  globalThis.swarmproofCounts.probes(requests)\n${line}`,
  },
  {
    file: '/lib/capture/tcpdump-capture.ts',
    line: '    return this.#recorder.canarySeenAt(nonce)\n',
    told: () => '    return globalThis.swarmproofCounts.canary(this.#recorder.canarySeenAt(nonce))\n',
  },
]

export async function load(url, context, nextLoad) {
  const loaded = await nextLoad(url, context)
  const path = url.split('?')[0]
  const telling = tellingLines.find(({ file }) => path.endsWith(file) && !path.includes('/node_modules/'))
  if (telling === undefined) return loaded
  return { ...loaded, source: insert(String(loaded.source), telling, path) }
}

/** Exported for the test. */
export function insert(source, { line, told }, path) {
  const parts = source.split(line)
  if (parts.length !== 2)
    throw new Error(
      `${path}: bench:run counts by the line '${line.trim()}', which it holds ${parts.length - 1} times`,
    )
  return parts.join(told(line))
}
