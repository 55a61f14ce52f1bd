import type { Duplex } from 'node:stream'
import type { ClientChannel } from 'ssh2'
import type { Script } from '../../script.ts'
import { SshConnection, channelsPerConnection } from '../ssh-connection.ts'
import type { SshEndpoint } from '../ssh-endpoint.ts'

/** How a command ended, with the last of what it said on standard error. */
export interface StreamEnd {
  readonly exitCode: number | undefined
  readonly said: string
}

const keptChars = 2_000

interface Lane {
  readonly connection: Promise<SshConnection>
  inUse: number
}

/**
 * Both directions of one command of the login on a host, as often as it is asked for: each stream is a run of the
 * command, which reads to its end of input. Without a life line, for commands that end with their input. Connections are
 * shared by few streams each, and made again when they were lost.
 */
export class RemoteStreams implements AsyncDisposable {
  readonly #endpoint: () => Promise<SshEndpoint>
  readonly #command: Script
  readonly #lanes: Lane[] = []
  #disposed = false

  constructor(endpoint: () => Promise<SshEndpoint>, command: Script) {
    this.#endpoint = endpoint
    this.#command = command
  }

  /** Makes the first connection. Throws RemoteError, InputError. */
  async connect(): Promise<void> {
    await this.#lane().connection
  }

  /** `ended` is told once, when the command has ended. Throws RemoteError. */
  async open(ended: (end: StreamEnd) => void): Promise<Duplex> {
    const lane = this.#lane()
    lane.inUse += 1
    const release = (): number => (lane.inUse -= 1)
    try {
      const connection = await lane.connection
      return await connection.openChannel(this.#command.text, (channel) =>
        watched(channel.once('close', release), ended),
      )
    } catch (error) {
      release()
      throw error
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true
    await Promise.all(
      this.#lanes.map(async ({ connection }) => {
        await connection.then(
          (one) => one.close(),
          () => undefined,
        )
      }),
    )
  }

  #lane(): Lane {
    if (this.#disposed) throw new Error('streams were asked for after their end')
    const free = this.#lanes.find(({ inUse }) => inUse < channelsPerConnection)
    if (free !== undefined) return free
    const lane: Lane = { connection: this.#endpoint().then((one) => SshConnection.open(one)), inUse: 0 }
    this.#lanes.push(lane)
    const forget = (): unknown => this.#lanes.splice(this.#lanes.indexOf(lane), 1)
    lane.connection.then(({ closed }) => closed.then(forget), forget)
    return lane
  }
}

function lastLines(text: string): string {
  return text.trim().split(/\r?\n/).slice(-3).join(' | ')
}

function watched(channel: ClientChannel, ended: (end: StreamEnd) => void): Duplex {
  let exitCode: number | undefined
  let said = ''
  channel.on('exit', (code: number | null) => (exitCode = code ?? undefined))
  channel.stderr.on('data', (chunk: Buffer) => (said = (said + String(chunk)).slice(-keptChars)))
  channel.on('error', () => undefined)
  channel.once('close', () => ended({ exitCode, said: lastLines(said) }))
  return channel
}
