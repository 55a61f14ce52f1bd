/**
 * What an engine means by its words, where it refuses a task, a network or a swarm. Its words are those of a log, and
 * are looked at where they come in; engines from 20.10 to 29 say them so.
 */
export type EngineRefusal =
  | 'vxlan-in-the-way'
  | 'pools-used-up'
  | 'pool-overlaps'
  | 'addresses-used-up'
  | 'no-space'
  | 'certificate-expired'
  | 'network-gone'
  | 'no-suitable-node'
  | 'image-missing'
  | 'registry-wants-login'
  | 'kernel-lacks'

const patterns: readonly (readonly [EngineRefusal, RegExp])[] = [
  ['vxlan-in-the-way', /vxlan interface.*(file exists|address already in use)/i],
  // Two networks want one range: it says nothing of pools, or of routes.
  ['pool-overlaps', /pool overlaps/i],
  ['addresses-used-up', /no available IPv4 addresses|available IP while allocating/i],
  ['pools-used-up', /could not find an available.*pool|all predefined address pools|no available network/i],
  ['no-suitable-node', /no suitable node/i],
  ['image-missing', /no such image|pull access denied|manifest/i],
  ['registry-wants-login', /unauthorized: |authentication required|no basic auth credentials/i],
  ['no-space', /no space left on device/i],
  ['certificate-expired', /certificate has expired|expired certificate/i],
  ['network-gone', /network \S+ not found/i],
  ['kernel-lacks', /operation not supported|protocol not supported|not implemented|modprobe/i],
]

/** Undefined for words that are not known. */
export function refusalOf(words: string): EngineRefusal | undefined {
  return patterns.find(([, pattern]) => pattern.test(words))?.[0]
}
