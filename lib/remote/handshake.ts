import { connect } from 'node:net'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import pRetry from 'p-retry'
import { Client } from 'ssh2'
import type { Algorithms, AnyAuthMethod, AuthHandlerMiddleware, ConnectConfig } from 'ssh2'
import { HangUp, type HandshakeState, connectError } from './connect-error.ts'
import { limitHandshakes } from './handshake-limit.ts'
import { addressOf } from './ssh-endpoint.ts'
import type { Negotiable, SshEndpoint } from './ssh-endpoint.ts'
import { compressSafely } from './ssh2-compression.ts'

compressSafely()

const defaultKeepaliveMs = 10_000
const defaultKeepaliveMisses = 4

/** A client that knows the host by its key and is logged in. Throws RemoteError SSH_CONNECT, SSH_HOST_KEY or SSH_AUTH. */
export async function shakeHands(endpoint: SshEndpoint): Promise<Client> {
  const attempt = async (): Promise<Client> => {
    const client = new Client()
    await ready(client, endpoint, await endpoint.openSocket?.())
    // Without this every request waits for Nagle's algorithm and a delayed acknowledgement: 44 ms instead of 3.
    client.setNoDelay(true)
    return client
  }
  return pRetry(() => limitHandshakes(endpoint.route ?? addressOf(endpoint), attempt), {
    retries: (endpoint.handshakeAttempts ?? 1) - 1,
    minTimeout: 250,
    maxTimeout: 2_000,
    // Who was refused together must not come back together.
    randomize: true,
    shouldRetry: ({ error }) => error instanceof HangUp && endpoint.signal?.aborted !== true,
  })
}

function ready(client: Client, endpoint: SshEndpoint, proxied: Duplex | undefined): Promise<void> {
  let socket = proxied
  const state: HandshakeState = { exchanged: false }
  return new Promise((resolve, reject) => {
    let timer = setTimeout(late, endpoint.connectTimeoutMs, endpoint.connectTimeoutMs)
    const fail = (error?: Error & { level?: string }): void => {
      // One key could not be used; there may be others.
      if (error?.level === 'agent') return
      finish()
      client.on('error', () => undefined)
      client.destroy()
      socket?.destroy()
      reject(connectError(endpoint, state, error))
    }
    function late(limitMs: number): void {
      fail(new Error(`Timed out after ${limitMs / 1000} s`))
    }
    const exchanged = (): void => {
      state.exchanged = true
      if (endpoint.loginTimeoutMs === undefined) return
      clearTimeout(timer)
      timer = setTimeout(late, endpoint.loginTimeoutMs, endpoint.loginTimeoutMs)
    }
    const aborted = (): void => fail(new Error('aborted'))
    const closed = (): void => fail(new Error('the host closed the connection'))
    const done = (): void => {
      if (endpoint.background === true) (socket as { unref?(): void } | undefined)?.unref?.()
      // Whoever gets the client listens a moment later; an error with no listener at all would end the process.
      client.on('error', () => undefined)
      finish()
      resolve()
    }
    const finish = (): void => {
      clearTimeout(timer)
      client.off('ready', done).off('error', fail).off('close', closed).off('handshake', exchanged)
      endpoint.signal?.removeEventListener('abort', aborted)
    }
    client.on('ready', done).on('error', fail).on('close', closed).once('handshake', exchanged)
    if (endpoint.signal?.aborted === true) return aborted()
    endpoint.signal?.addEventListener('abort', aborted)
    try {
      const direct = proxied === undefined ? tcp(endpoint) : undefined
      socket = direct ?? proxied
      const peer = (): string | undefined => direct?.remoteAddress
      client.connect({
        ...settings(endpoint, state, peer),
        ...(socket === undefined ? {} : { sock: socket }),
      })
    } catch (error) {
      fail(error as Error)
    }
  })
}

/** Ours, so that the address is known which the host key is shown at. */
function tcp({ address, port, addressFamily, localAddress, background }: SshEndpoint): Socket {
  const socket = connect({
    // Nagle's algorithm and delayed acknowledgements make a login take 230 ms on the loopback instead of 50.
    ...{ host: address, port, noDelay: true },
    ...(addressFamily === undefined ? {} : { family: addressFamily }),
    ...(localAddress === undefined ? {} : { localAddress }),
  })
  // ssh2 adds one for each channel.
  socket.setMaxListeners(0)
  if (background === true) socket.setKeepAlive(true, defaultKeepaliveMs)
  return socket
}

function settings(
  endpoint: SshEndpoint,
  state: HandshakeState,
  peer: () => string | undefined,
): ConnectConfig {
  const { privateKey, agent } = endpoint.authentication
  return {
    host: endpoint.address,
    port: endpoint.port,
    username: endpoint.username,
    ...(privateKey === undefined ? {} : { privateKey }),
    ...(agent === undefined ? {} : { authHandler: agentOnly(endpoint.username, agent) }),
    // Ours, because a person may have to type within it.
    readyTimeout: 0,
    keepaliveInterval:
      endpoint.background === true ? 0 : (endpoint.keepaliveIntervalMs ?? defaultKeepaliveMs),
    keepaliveCountMax: endpoint.keepaliveMisses ?? defaultKeepaliveMisses,
    algorithms: {
      serverHostKey: [...endpoint.hostKeys.algorithms],
      // After the login, as OpenSSH does it. What is read of kernels and engines is text: a fourth to a tenth is left of it.
      compress: endpoint.onlyForwards === true ? ['none'] : ['zlib@openssh.com', 'none'],
      ...(endpoint.algorithms === undefined ? {} : negotiable(endpoint.algorithms)),
    },
    // The callback form: whatever this function returned, a Promise too, would count as a verdict.
    hostVerifier: (key: Buffer, verdict: (valid: boolean) => void): void => {
      state.refusal = endpoint.hostKeys.refusal(key, peer())
      verdict(state.refusal === undefined)
    },
  }
}

function negotiable({ kex, cipher, hmac }: Negotiable): Pick<Algorithms, 'kex' | 'cipher' | 'hmac'> {
  return { kex: [...kex], cipher: [...cipher], hmac: [...hmac] }
}

/** Asks first, as the OpenSSH client does, by a login without any proof: its refusal tells what the host takes. */
function agentOnly(
  username: string,
  agent: NonNullable<SshEndpoint['authentication']['agent']>,
): AuthHandlerMiddleware {
  const methods: AnyAuthMethod[] = [
    { type: 'none', username },
    { type: 'agent', username, agent: agent as never },
  ]
  return (_left, _partialSuccess, next) => {
    const method = methods.shift()
    next(method ?? (false as never))
  }
}
