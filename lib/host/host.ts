import type { Progress } from '../progress.ts'
import type { Remote } from '../remote/remote.ts'
import type { Topology, NodeSpec } from '../topology/topology.ts'

/** A machine with a Docker engine, wherever it came from. Everything above works on Hosts alone. */
export interface Host {
  readonly name: string
  readonly remote: Remote
  /** What made it; suites must not branch on it, reports show it. */
  readonly origin: 'vm' | 'container' | 'ssh'
  /** Its attachment to each underlay, by underlay name. */
  readonly underlays: Readonly<Record<string, Attachment>>
  readonly node: NodeSpec
}

export interface Attachment {
  /** Interface name on the host, e.g. `eth1`. */
  readonly interface: string
  /** IPv4 address without prefix length. */
  readonly address: string
}

/** Started hosts with their underlays. Disposing leaves nothing behind: no process, socket, disk or key. */
export interface Lab extends AsyncDisposable {
  readonly id: string
  readonly topology: Topology
  readonly hosts: readonly Host[]
  /** How the hosts came up. `standing`: with a stack already on them, see `standing`. `found`: they are somebody's own. */
  readonly startedFrom: 'cold-boot' | 'template' | 'standing-lab' | 'found'
  /** How acceleration, emulator and image are called, for the report. Keys are labels. */
  readonly facts: Readonly<Record<string, string>>
  /** What was saved with a standing lab; undefined for a new one. */
  readonly standing?: StandingLab | undefined
  /**
   * Saves the whole lab so that a later start with the same `stackRecipe` resumes it. The lab runs on afterwards.
   * `notes` is plain JSON and comes back as `standing.notes`.
   */
  saveStanding(stackRecipe: string, notes: unknown): Promise<void>
  /** Removes the saved standing lab of this topology and recipe, e.g. because it proved unsound. */
  dropStanding(stackRecipe: string): Promise<void>
  /** Leaves the lab running when this process ends: disposing it then closes connections only. `remove` ends it. */
  keep(): Promise<void>
  /** Arguments with which the OpenSSH client enters a host. */
  sshArguments(host: string): readonly string[]
  /** The command line that opens a shell on a host from a terminal, where that is not the OpenSSH client's. */
  shellCommand?(host: string): readonly string[]
}

export interface StandingLab {
  readonly savedAt: string
  readonly notes: unknown
}

export interface StartOptions {
  readonly progress: Progress
  readonly signal: AbortSignal
  /** Identifies the stack that will be built; a standing lab is resumed only if it was saved under the same one. */
  readonly stackRecipe: string
  /** Never resume a standing lab. */
  readonly fresh: boolean
}

export interface HostProvider {
  readonly kind: Host['origin']
  /** Node specs → started hosts. A failure or abort half way disposes what was started. */
  start(topology: Topology, options: StartOptions): Promise<Lab>
  /** Labs of this provider left standing by `up` or `--keep`, or by a killed run. */
  list(): Promise<readonly LabRecord[]>
  /** Re-attaches to a lab that runs. Disposing what it returns closes connections and leaves the lab running. */
  attach(labId: string): Promise<Lab>
  /** Ends a lab, kept or not, and leaves nothing of it behind. */
  remove(labId: string): Promise<void>
}

export interface LabRecord {
  readonly id: string
  readonly topology: string
  readonly createdAt: string
  /** `kept`: meant to stand. `owned`: its owner process lives. `orphaned`: owner is gone; `clean` removes it. */
  readonly state: 'kept' | 'owned' | 'orphaned'
}
