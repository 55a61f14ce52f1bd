import { SwarmproofError } from '../../error.ts'
import type { Remote } from '../remote.ts'
import type { SshDestination } from './destination.ts'

export { parseDestination, type SshDestination } from './destination.ts'

export interface SshClientOptions {
  readonly configFile?: string
  readonly knownHostsFiles?: readonly string[]
  readonly agentSocket?: string | false
  readonly askPassphrase?: (keyFile: string) => Promise<string | undefined>
  readonly connectTimeoutMs?: number
  readonly signal?: AbortSignal
}

export interface SshClient extends AsyncDisposable {
  connect(destination: SshDestination): Promise<Remote>
}

/** A placeholder for the client that is built elsewhere. */
export function sshClient(_options: SshClientOptions): SshClient {
  throw new SwarmproofError({ code: 'NOT_BUILT', what: 'the SSH client is not there yet' })
}
