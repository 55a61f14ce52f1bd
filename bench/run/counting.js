/**
 * Loaded into each process of a run (`--import`) by `bench/run.ts`, of both commits alike: counts what the run sends, records
 * and waits for, and the bytes over SSH, and writes them to the folder SWARMPROOF_BENCH_COUNTS when the process ends.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { writeFileSync } from 'node:fs'
import { register } from 'node:module'
import { Socket } from 'node:net'
import { join } from 'node:path'

const folder = process.env.SWARMPROOF_BENCH_COUNTS
if (folder !== undefined) begin(folder)

function begin(counts) {
  const probes = { planned: 0, again: 0 }
  const canaries = { sent: 0, readBack: 0 }
  /** By the bound in milliseconds: the pauses of its waits, each once. */
  const bounds = {}
  /** True in every look but the first of a bound. */
  const lookingAgain = new AsyncLocalStorage()

  globalThis.swarmproofCounts = {
    /** A `tcp` request of n connections is n probes. */
    probes(requests) {
      const count = requests.reduce((sum, { request }) => sum + Math.max(1, request.repeat ?? 1), 0)
      probes[lookingAgain.getStore() === true ? 'again' : 'planned'] += count
    },
    canary(seenAt) {
      canaries.sent += 1
      if (seenAt !== undefined) canaries.readBack += 1
      return seenAt
    },
    looking({ withinMs, everyMs = 500 }, look) {
      const bound = (bounds[withinMs] ??= { pausesMs: [], waits: 0, looks: 0 })
      if (!bound.pausesMs.includes(everyMs)) bound.pausesMs.push(everyMs)
      bound.waits += 1
      let looks = 0
      return (...words) => {
        bound.looks += 1
        looks += 1
        return lookingAgain.run(lookingAgain.getStore() === true || looks > 1, look, ...words)
      }
    },
  }
  register('./counting-hooks.js', import.meta.url)

  const connections = sshConnections()
  process.on('exit', () => {
    const sshBytes = connections().reduce((sum, one) => sum + one.bytesRead + one.bytesWritten, 0)
    const counted = { probes, canaries, bounds, sshBytes }
    writeFileSync(join(counts, `${process.pid}.json`), JSON.stringify(counted))
  })
}

/** Connections whose first words are those of an SSH client; ssh2 says them before it connects. */
function sshConnections() {
  const found = []
  const known = new WeakSet()
  const write = Socket.prototype.write
  Socket.prototype.write = function (chunk, ...others) {
    if (!known.has(this)) {
      known.add(this)
      if (Buffer.from(chunk).subarray(0, 4).toString('latin1') === 'SSH-') found.push(this)
    }
    return write.call(this, chunk, ...others)
  }
  return () => found
}
