import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'

/** A way to a port of the loopback that can be cut like a cable pulled with a reset. */
export interface CuttableWire extends AsyncDisposable {
  readonly port: number
  cut(): void
  /** Nothing passes any more, and nobody is told. */
  mute(): void
  /** Bytes that passed in both directions. */
  passed(): number
}

export async function cuttable(port: number): Promise<CuttableWire> {
  const sockets = new Set<Socket>()
  let passed = 0
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1')
    for (const socket of [near, far]) {
      sockets.add(socket.on('error', () => undefined))
      socket.on('data', (chunk) => (passed += chunk.length))
    }
    near.pipe(far).pipe(near)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const mute = (): void => sockets.forEach((socket) => socket.unpipe().pause())
  const cut = (): void => sockets.forEach((socket) => socket.destroy())
  return {
    port: (server.address() as AddressInfo).port,
    cut,
    mute,
    passed: () => passed,
    [Symbol.asyncDispose]: async () => {
      cut()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
