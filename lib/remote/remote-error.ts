import { SwarmproofError } from '../error.ts'
import type { ErrorDetail } from '../error.ts'
import { redact } from '../redact.ts'

/**
 * | code | what happened | retried |
 * |---|---|---|
 * | SSH_CONNECT | no connection: refused, unreachable, timed out | yes |
 * | SSH_LOST | the connection broke | if the command cannot have run |
 * | SSH_HOST_KEY | the host has another key than the pinned or known one, or an unknown one | no |
 * | SSH_AUTH | the host refused our keys | no |
 * | SSH_SUDO | the login is not root and may not become it without a password | no |
 * | EXEC_CONNECT | the engine runs no command in the container: it does not answer, or the container does not run | yes |
 * | EXEC_LOST | the connection to a command in a container broke | if the command cannot have run |
 * | REMOTE_TIMEOUT | a command or transfer exceeded its time limit | no |
 * | REMOTE_OUTPUT | a command or transfer printed more than is kept of one | no |
 * | REMOTE_FILE | upload or download failed on the host | no |
 * | REMOTE_COMMAND | the command cannot be sent | no |
 * | REMOTE_BUSY | too many processes at once on one host | no |
 * | REMOTE_CLOSED | used after disposal | no |
 */
export type RemoteErrorCode =
  | 'SSH_CONNECT'
  | 'SSH_LOST'
  | 'SSH_HOST_KEY'
  | 'SSH_AUTH'
  | 'SSH_SUDO'
  | 'EXEC_CONNECT'
  | 'EXEC_LOST'
  | 'REMOTE_TIMEOUT'
  | 'REMOTE_OUTPUT'
  | 'REMOTE_FILE'
  | 'REMOTE_COMMAND'
  | 'REMOTE_BUSY'
  | 'REMOTE_CLOSED'

export interface RemoteErrorDetail extends ErrorDetail {
  readonly code: RemoteErrorCode
  readonly host: string
  /** True unless the command certainly never started. */
  readonly mayHaveStarted?: boolean
}

/** The way to a host failed; says nothing about the network under test. */
export class RemoteError extends SwarmproofError {
  declare readonly code: RemoteErrorCode
  readonly mayHaveStarted: boolean

  constructor(detail: RemoteErrorDetail) {
    super(detail)
    this.mayHaveStarted = detail.mayHaveStarted ?? false
  }

  /** The transport failed, not the command and not a credential: trying again may help. */
  get isTransport(): boolean {
    return transportCodes.includes(this.code)
  }
}

const transportCodes: readonly RemoteErrorCode[] = ['SSH_CONNECT', 'SSH_LOST', 'EXEC_CONNECT', 'EXEC_LOST']

/** A command as messages quote it: one line, without secrets, not longer than a line or two. */
export function quoteCommand(command: string): string {
  const line = redact(command).replaceAll(/\s+/g, ' ').trim()
  return line.length > 160 ? `${line.slice(0, 157)}...` : line
}
