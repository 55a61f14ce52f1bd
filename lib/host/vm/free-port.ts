import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'

/**
 * A port of 127.0.0.1 nobody listens on now. Somebody may take it before it is used: whoever uses it tries again
 * with another.
 */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}
