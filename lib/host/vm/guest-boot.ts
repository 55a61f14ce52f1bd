import { SwarmproofError } from '../../error.ts'
import { isAlive } from '../../setup/process-identity.ts'
import { GuestAgent } from './guest-agent.ts'
import { logTail } from './log-tail.ts'
import { died } from './machine.ts'
import type { Machine, MachineContext } from './machine.ts'

/** A guest boots in 5 to 20 s under emulation, in 40 s with systemd; this leaves room for a busy machine. */
const bootLimitMs = 180_000
const engineLimitMs = 240_000

/** Connects to a machine that was just started and waits until its guest takes commands. */
export async function bootedAgent(machine: Machine, context: MachineContext): Promise<GuestAgent> {
  const agent = await GuestAgent.connect(machine.spec.agentSocket, machine.spec.name)
  try {
    await agent.ready({ timeoutMs: bootLimitMs, signal: context.signal })
    return agent
  } catch (error) {
    agent[Symbol.dispose]()
    context.signal.throwIfAborted()
    throw await neverBooted(machine, error)
  }
}

/** Runs a script that must succeed, such as giving a guest its identity. */
export async function runInGuest(
  agent: GuestAgent,
  machine: Pick<Machine, 'spec' | 'process' | 'emulatorLog'>,
  what: string,
  script: string,
  limits: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<string> {
  const reply = await agent.run(script, limits).catch(async (error: unknown) => {
    limits.signal.throwIfAborted()
    throw await silent(machine, what, error)
  })
  if (reply.exitCode === 0) return reply.output
  const log = reply.output.trimEnd().split('\n').slice(-30)
  throw new SwarmproofError({
    code: 'GUEST_REFUSED',
    what: `${what} failed in the guest`,
    host: machine.spec.name,
    expected: 'exit code 0',
    observed: `exit code ${reply.exitCode}: ${log.slice(-3).join(' | ')}`,
    log,
    logSource: `guest ${machine.spec.name}`,
  })
}

/** Waits for the engine of a booted guest, and loads and tries the probe image. */
export async function startEngine(
  agent: GuestAgent,
  machine: Machine,
  script: string,
  signal: AbortSignal,
): Promise<void> {
  try {
    await runInGuest(agent, machine, 'starting the engine', script, { timeoutMs: engineLimitMs, signal })
  } catch (error) {
    if (!(error instanceof SwarmproofError) || error.code !== 'GUEST_REFUSED') throw error
    throw new SwarmproofError({
      ...error.detail,
      code: 'ENGINE_NOT_STARTED',
      what: 'the Docker engine did not start',
      hint: 'run `swarmproof clean --cache` to have the image and the template rebuilt',
    })
  }
}

async function neverBooted(machine: Machine, cause: unknown): Promise<SwarmproofError> {
  if (!isAlive(machine.process)) return died(machine.spec.name, machine.emulatorLog, cause)
  const log = await logTail(machine.spec.serialLog)
  return new SwarmproofError({
    code: 'GUEST_NEVER_BOOTED',
    what: 'the guest did not boot',
    host: machine.spec.name,
    expected: `its init to report within ${bootLimitMs / 1000} s (accelerator: ${machine.spec.shape.accelerator})`,
    observed:
      log.length === 0 ? 'nothing on its console' : `last on its console: ${log.slice(-3).join(' | ')}`,
    hint:
      machine.spec.shape.accelerator === 'kvm'
        ? 'set SWARMPROOF_ACCEL=tcg to emulate'
        : 'run `swarmproof doctor`',
    log,
    logSource: `console of ${machine.spec.name}`,
    cause,
  })
}

async function silent(
  machine: Pick<Machine, 'spec' | 'process' | 'emulatorLog'>,
  what: string,
  cause: unknown,
): Promise<SwarmproofError> {
  if (!isAlive(machine.process)) return died(machine.spec.name, machine.emulatorLog, cause)
  const log = await logTail(machine.spec.serialLog)
  return new SwarmproofError({
    code: 'GUEST_SILENT',
    what: `${what}: the guest does not answer`,
    host: machine.spec.name,
    observed: cause instanceof Error ? cause.message.split('\n').join(' ') : String(cause),
    log,
    logSource: `console of ${machine.spec.name}`,
    cause,
  })
}
