import type { Duplex } from 'node:stream'
import { RemoteError } from '../remote-error.ts'
import { SshConnection } from '../ssh-connection.ts'
import { addressOf } from '../ssh-endpoint.ts'
import type { SshEndpoint } from '../ssh-endpoint.ts'

class Jump {
  readonly connection: Promise<SshConnection>
  users = 1
  /** It failed or was lost: whoever comes needs another one. */
  lost = false

  constructor(connection: Promise<SshConnection>) {
    this.connection = connection
    connection.then(
      (one) => one.closed.then(() => (this.lost = true)),
      () => (this.lost = true),
    )
  }
}

export interface Onward {
  readonly address: string
  readonly port: number
  readonly limitMs: number
}

/** Connections to jump hosts, each made once for all hosts behind it and closed with the last of them. */
export class JumpHosts implements AsyncDisposable {
  readonly #open = new Map<string, Jump>()
  readonly #closing = new Set<Promise<void>>()

  /** A connection onwards from the jump host. Throws RemoteError. */
  async reach(route: string, endpoint: SshEndpoint, onward: Onward): Promise<Duplex> {
    const jump = this.#lease(route, endpoint)
    try {
      const connection = await jump.connection
      const channel = await bounded(connection, onward)
      channel.once('close', () => this.#release(route, jump))
      return channel
    } catch (error) {
      this.#release(route, jump)
      throw error
    }
  }

  /** Closes those that are left, the farthest first: its farewell goes through the others. Waits for all. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (;;) {
      // What closes now may let go of others.
      while (this.#closing.size > 0) await Promise.all(this.#closing)
      // The route to a host contains the routes to those before it.
      const [farthest] = [...this.#open].sort(([a], [b]) => b.length - a.length)
      if (farthest === undefined) return
      this.#close(...farthest)
    }
  }

  #lease(route: string, endpoint: SshEndpoint): Jump {
    const open = this.#open.get(route)
    if (open !== undefined && !open.lost) {
      open.users += 1
      return open
    }
    const jump = new Jump(SshConnection.open(endpoint))
    this.#open.set(route, jump)
    return jump
  }

  #release(route: string, jump: Jump): void {
    jump.users -= 1
    if (jump.users <= 0) this.#close(route, jump)
  }

  #close(route: string, jump: Jump): void {
    if (this.#open.get(route) === jump) this.#open.delete(route)
    const closing = jump.connection.then(
      (connection) => connection.close(),
      () => undefined,
    )
    this.#closing.add(closing)
    void closing.finally(() => this.#closing.delete(closing))
  }
}

async function bounded(jump: SshConnection, onward: Onward): Promise<Duplex> {
  const channel = jump.forward(onward.address, onward.port)
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${onward.limitMs / 1000} s`)), onward.limitMs)
  })
  try {
    return await Promise.race([channel, late])
  } catch (error) {
    channel.then(
      (tooLate) => tooLate.destroy(),
      () => undefined,
    )
    throw error instanceof RemoteError
      ? error
      : notForwarded(jump, onward, error as Error & { reason?: unknown })
  } finally {
    clearTimeout(timer)
  }
}

/** Reasons of RFC 4254, 5.1. */
const prohibited = 1

function notForwarded(jump: SshConnection, onward: Onward, error: Error & { reason?: unknown }): RemoteError {
  return new RemoteError({
    code: 'SSH_CONNECT',
    host: jump.host,
    what: `the jump host opened no connection to ${addressOf(onward)}`,
    observed: error.message.replace(/^\(SSH\) Channel open failure: /, ''),
    hint:
      error.reason === prohibited
        ? 'its sshd forbids it: AllowTcpForwarding and PermitOpen in its sshd_config'
        : 'is that host up, its sshd running, and the way to it open from the jump host? The name is looked up there',
    cause: error,
  })
}
