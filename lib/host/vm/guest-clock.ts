import type { GuestAgent } from './guest-agent.ts'
import { clockAndEntropy, clockScript } from './identity.ts'

interface Limits {
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

/** A clock is late by what the way to the guest took; on a busy machine that can be seconds. */
const goodEnoughMs = 500
const tries = 6

/** Sets a guest's clock right, and makes its random numbers its own. */
export async function wakeGuest(agent: GuestAgent, limits: Limits): Promise<void> {
  const { exitCode, output } = await agent.run(clockAndEntropy(new Date()), limits)
  if (exitCode !== 0) throw new Error(`the guest refused its clock: ${output.trim()}`)
  await setClock(agent, limits)
}

/** Again and again until one setting took so little time that the clock is right. */
export async function setClock(agent: GuestAgent, limits: Limits): Promise<void> {
  for (let attempt = 0; attempt < tries; attempt++) {
    const sentAt = Date.now()
    await agent.run(clockScript(new Date(sentAt)), limits)
    if (Date.now() - sentAt <= goodEnoughMs) return
  }
}
