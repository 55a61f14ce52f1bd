/**
 * Where hosts come from and what follows from it. Callers decide by what it says of itself, never by which one it is:
 * one more changes nothing in them.
 */
export interface HostOrigin {
  /** As `--hosts` and `run.json` name it; stable. */
  readonly id: string
  /** In words, plural. */
  readonly name: string
  /** swarmproof made them: they may be broken, shaped and recorded whole. Otherwise it touches only what it created. */
  readonly owned: boolean
  /** They have one kernel, which is not theirs: no host can lack a part of it, or have another one. */
  readonly sharesKernel: boolean
}

/** Hosts that somebody has: they are found, not provided. */
export const existingHosts: HostOrigin = {
  id: 'ssh',
  name: 'existing hosts',
  owned: false,
  sharesKernel: false,
}
