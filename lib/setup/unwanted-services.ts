import { runLocal } from './local-command.ts'

/** Where an administrator's word on a unit stands, above what packages bring. */
const unitDirectory = '/etc/systemd/system'

/**
 * Masks units before the package that brings them is installed, so that they start neither now nor at boot; a unit an
 * administrator has already said something about is left as it is.
 */
export async function keepFromStarting(
  units: readonly string[],
  prefix: readonly string[],
  signal: AbortSignal,
  directory = unitDirectory,
): Promise<void> {
  if (units.length === 0) return
  const words = [...prefix, 'sh', '-c', maskScript, 'mask', directory, ...units]
  await runLocal(words[0] ?? '', words.slice(1), {
    what: `masking ${units.join(', ')}`,
    timeoutMs: 10_000,
    signal,
    hint: `look at ${directory}`,
  })
}

const maskScript = [
  'set -e; folder=$1; shift; mkdir -p "$folder"',
  'for unit; do [ -e "$folder/$unit" ] || [ -L "$folder/$unit" ] || ln -s /dev/null "$folder/$unit"; done',
].join('\n')
