import pLimit from 'p-limit'

/**
 * sshd begins to refuse when ten connections have not logged in yet (MaxStartups 10:30:100); a person may be
 * logging in beside us.
 */
export const handshakesAtOnce = 5

/** By the way to the host. One process is one client to a host, however many Remotes it makes. */
const limits = new Map<string, ReturnType<typeof pLimit>>()

/** Runs a handshake when fewer than `handshakesAtOnce` others go the same way. */
export async function limitHandshakes<T>(way: string, handshake: () => Promise<T>): Promise<T> {
  const limit = limits.get(way) ?? pLimit(handshakesAtOnce)
  limits.set(way, limit)
  try {
    return await limit(handshake)
  } finally {
    if (limit.activeCount === 0 && limit.pendingCount === 0) limits.delete(way)
  }
}
