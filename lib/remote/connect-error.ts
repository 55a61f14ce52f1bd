import { RemoteError } from './remote-error.ts'
import { addressOf } from './ssh-endpoint.ts'
import type { Complaint, SshEndpoint } from './ssh-endpoint.ts'

/** The host took the connection and dropped it before it said who it is, as sshd does when too many log in. */
export class HangUp extends RemoteError {}

/** What is known of a handshake when it fails. */
export interface HandshakeState {
  /** The host's key was shown and refused. */
  refusal?: Complaint | undefined
  /** Keys were exchanged: from here on it is the login that fails. */
  exchanged: boolean
}

/** Why there is no connection, in words that tell what to do. */
export function connectError(
  endpoint: SshEndpoint,
  state: HandshakeState,
  error: (Error & { level?: string; code?: unknown }) | undefined,
): RemoteError {
  const base = { host: endpoint.host, cause: error }
  // A proxy command says itself why it ended.
  if (error instanceof RemoteError) return error
  const observed = wordsOf(error)
  if (state.refusal !== undefined) return new RemoteError({ ...base, code: 'SSH_HOST_KEY', ...state.refusal })
  if (/no matching host key/i.test(observed)) {
    return new RemoteError({ ...base, code: 'SSH_HOST_KEY', ...endpoint.hostKeys.noneOffered() })
  }
  if (error?.level === 'client-authentication' || /privateKey|authentication failures/.test(observed)) {
    return new RemoteError({ ...base, code: 'SSH_AUTH', ...endpoint.authentication.failure(observed) })
  }
  const detail = { ...base, code: 'SSH_CONNECT', ...unreachable(endpoint, state, observed) } as const
  return isHangUp(state, observed) ? new HangUp(detail) : new RemoteError(detail)
}

/** Several addresses that all refused make one error without words. */
function wordsOf(error: Error | undefined): string {
  if (error instanceof AggregateError && error.message === '')
    return error.errors.map((one: unknown) => (one instanceof Error ? one.message : String(one))).join(', ')
  return error?.message ?? 'the connection ended'
}

function isHangUp(state: HandshakeState, observed: string): boolean {
  return !state.exchanged && /before handshake|ECONNRESET|closed the connection/.test(observed)
}

function unreachable(endpoint: SshEndpoint, state: HandshakeState, observed: string): Complaint {
  return {
    what: `no SSH connection to ${addressOf(endpoint)}`,
    expected: `an SSH server within ${endpoint.connectTimeoutMs / 1000} s`,
    observed,
    hint: hintFor(state, observed),
  }
}

function hintFor(state: HandshakeState, observed: string): string {
  if (/ECONNREFUSED/.test(observed)) return 'nothing listens there: is the host up and its sshd running?'
  if (/ENOTFOUND|EAI_AGAIN/.test(observed)) {
    return 'is the name right? It is looked up as ssh does: Host and HostName of ~/.ssh/config, then the resolver'
  }
  if (isHangUp(state, observed)) {
    return 'its sshd may refuse when many log in at once (MaxStartups), or ban this address after failed logins'
  }
  return 'is the host up, its sshd running, and the way to it open?'
}
