import type { EnginePackage } from '../setup/engine-package.ts'
import type { Progress } from '../progress.ts'
import type { Remote } from '../remote/remote.ts'
import type { Topology, NodeSpec } from '../topology/topology.ts'
import type { Candidate, CleanOptions, CleanResult } from './clean.ts'
import type { ListedLab } from './lab-record.ts'
import type { HostOrigin } from './origin.ts'

export type { ListedLab } from './lab-record.ts'

/** A machine with a Docker engine, wherever it came from. Everything above works on Hosts alone. */
export interface Host {
  readonly name: string
  readonly remote: Remote
  readonly origin: HostOrigin
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
  /** What was saved with the lab; undefined for a new one. */
  readonly standing?: StandingLab | undefined
  /** Where the whole lab can be saved; undefined where a new one takes no longer, or it is not ours to save. */
  readonly snapshots?: Snapshots | undefined
  /** Leaves the lab running when this process ends: disposing it then closes connections only. `remove` ends it. */
  keep(): Promise<void>
  /** Arguments with which the OpenSSH client enters a host. */
  sshArguments(host: string): readonly string[]
  /** The command line that opens a shell on a host from a terminal, where that is not the OpenSSH client's. */
  shellCommand?(host: string): readonly string[]
}

/** Saving labs with a stack on them, so that a later start resumes one instead of building it again. */
export interface Snapshots {
  /**
   * Saves the lab for later starts with the same `stackRecipe`. It runs on afterwards. `notes` is plain JSON and comes
   * back as `standing.notes`.
   */
  save(stackRecipe: string, notes: unknown): Promise<void>
  /** Removes what was saved of this topology and recipe, e.g. because it proved unsound. */
  drop(stackRecipe: string): Promise<void>
}

export interface StandingLab {
  readonly savedAt: string
  readonly notes: unknown
}

export interface StartOptions {
  readonly progress: Progress
  readonly signal: AbortSignal
  /** Identifies the stack that will be built; a saved lab is resumed only under the same one. */
  readonly stackRecipe: string
  /** Never resume a saved lab. */
  readonly fresh: boolean
}

/**
 * Makes hosts. A provider is a folder with a literal, and a line in `providers.ts`; what others must know of it they
 * learn from its origin and from what of the optional it has, never from which one it is.
 */
export interface HostProvider {
  readonly origin: HostOrigin
  /** Node specs → started hosts. A failure or abort half way disposes what was started. */
  start(topology: Topology, options: StartOptions): Promise<Lab>
  /** Labs of this provider left standing by `up` or `--keep`, or by a killed run. */
  list(): Promise<readonly ListedLab[]>
  /** Re-attaches to a lab that runs. Disposing what it returns closes connections and leaves the lab running. */
  attach(labId: string): Promise<Lab>
  /** Ends a lab, kept or not, and leaves nothing of it behind. */
  remove(labId: string): Promise<void>
  /** What `clean` would find, for saying so before anything is removed. */
  candidates(): Promise<readonly Candidate[]>
  /** Removes labs nobody owns and what killed builds left. */
  clean(options: CleanOptions): Promise<CleanResult>
  /** The same with hosts made of this image, where they are made of one: what `--engine-image` asks for. */
  withImage?(image: string): HostProvider
  /** The same with an engine given as files, where hosts are given one: what `--engine-package` asks for. */
  withEnginePackage?(enginePackage: EnginePackage): HostProvider
}
