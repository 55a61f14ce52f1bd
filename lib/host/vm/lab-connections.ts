import { readFile, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { RemoteError } from '../../remote/remote-error.ts'
import type { Remote } from '../../remote/remote.ts'
import { retryingRemote } from '../../remote/retrying-remote.ts'
import { connectSsh } from '../../remote/ssh-remote.ts'
import type { Host } from '../host.ts'
import { clientKeyFile, knownHostsFile } from './lab-directory.ts'
import type { LabMachine, LabState } from './lab-directory.ts'
import { machineOrigin } from './origin.ts'

/** Logs in to every machine, each with the very host key the lab made for it. */
export async function connectHosts(state: LabState, signal: AbortSignal): Promise<readonly Host[]> {
  const privateKey = await readFile(clientKeyFile(state.id), 'utf8')
  const connected = await Promise.allSettled(
    state.machines.map((machine) => connectAgainAndAgain(machine, privateKey, signal)),
  )
  const failure = connected.find((result) => result.status === 'rejected')
  if (failure !== undefined) {
    for (const result of connected)
      if (result.status === 'fulfilled') await result.value[Symbol.asyncDispose]()
    throw failure.reason
  }
  return connected.flatMap((result, index) => {
    const [machine, node] = [state.machines[index], state.topology.nodes[index]]
    if (result.status !== 'fulfilled' || machine === undefined || node === undefined) return []
    return [hostOf(state, machine, node, result.value)]
  })
}

function hostOf(state: LabState, machine: LabMachine, node: Host['node'], remote: Remote): Host {
  const attachments = Object.keys(node.addresses).map((underlay) => {
    const index = state.topology.underlays.findIndex(({ name }) => name === underlay)
    return [underlay, { interface: `eth${index + 1}`, address: node.addresses[underlay] ?? '' }] as const
  })
  return {
    name: machine.node,
    remote,
    origin: machineOrigin,
    underlays: Object.fromEntries(attachments),
    node,
  }
}

const connectLimitMs = 60_000

/** The way in survives a reboot of the guest: a connection that was lost is recreated. */
async function connectAgainAndAgain(
  machine: LabMachine,
  privateKey: string,
  signal: AbortSignal,
): Promise<Remote> {
  const connect = (): Promise<Remote> => connectOnce(machine, privateKey, signal)
  return retryingRemote(machine.node, connect, { connected: await connect(), signal })
}

async function connectOnce(machine: LabMachine, privateKey: string, signal: AbortSignal): Promise<Remote> {
  const until = Date.now() + connectLimitMs
  for (;;) {
    try {
      return await connectSsh({
        host: machine.node,
        address: '127.0.0.1',
        port: machine.port,
        username: 'root',
        privateKey,
        hostKey: machine.identity.hostPublicKey,
        connectTimeoutMs: until - Date.now(),
        signal,
      })
    } catch (error) {
      signal.throwIfAborted()
      const refused = error instanceof RemoteError && error.code === 'SSH_CONNECT'
      if (!refused || Date.now() + 1000 > until) throw error
      await sleep(100, undefined, { signal })
    }
  }
}

/** For the system's own ssh: pins the host keys under the names it asks for. */
export async function writeKnownHosts(state: LabState): Promise<void> {
  const lines = state.machines.map(
    ({ port, identity }) =>
      `[127.0.0.1]:${port} ${identity.hostPublicKey.split(' ').slice(0, 2).join(' ').trim()}\n`,
  )
  await writeFile(knownHostsFile(state.id), lines.join(''), { mode: 0o600 })
}

/** Arguments for the system's ssh to enter a machine of a lab. */
export function sshArguments(state: LabState, machine: LabMachine): readonly string[] {
  return [
    ...['-i', clientKeyFile(state.id), '-p', String(machine.port)],
    ...['-o', `UserKnownHostsFile=${knownHostsFile(state.id)}`, '-o', 'GlobalKnownHostsFile=/dev/null'],
    ...['-o', 'StrictHostKeyChecking=yes', '-o', 'IdentitiesOnly=yes', '-o', 'PasswordAuthentication=no'],
    'root@127.0.0.1',
  ]
}
