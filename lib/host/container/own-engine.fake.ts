import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eventually } from '../../eventually.ts'
import { findExecutable } from '../../setup/executables.ts'
import { reachEngine } from './engine.ts'

export interface EngineForTests extends AsyncDisposable {
  /** How it came to be there. */
  readonly from: 'reached' | 'started'
}

/**
 * The engine this machine reaches; else one of our own from the distribution's package, in namespaces of its own, so
 * that its bridges, firewall rules and mounts go when it goes. Undefined, with the reason, where neither can be had.
 */
export async function engineForTests(): Promise<EngineForTests | string> {
  if (typeof (await reachEngine()) !== 'string') {
    return { from: 'reached', [Symbol.asyncDispose]: async () => undefined }
  }
  const dockerd = findExecutable('dockerd')
  if (dockerd === undefined)
    return 'no Docker engine is reachable, and the package docker.io is not installed'
  if (process.getuid?.() !== 0) return 'no Docker engine is reachable, and only root may start one'
  return startOwn(dockerd)
}

async function startOwn(dockerd: string): Promise<EngineForTests> {
  const folder = mkdtempSync(join(tmpdir(), 'swarmproof-engine-'))
  const former = process.env['DOCKER_HOST']
  const url = `unix://${folder}/docker.sock`
  const words = ['--host', url, '--data-root', join(folder, 'data'), '--exec-root', join(folder, 'exec')]
  const script = 'ip link set lo up; exec "$@"'
  const child = spawn(
    'unshare',
    [
      ...['--net', '--mount', 'sh', '-c', script, 'sh'],
      ...[dockerd, ...words, '--pidfile', join(folder, 'pid'), '--log-level', 'warn'],
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  )
  let log = ''
  child.stderr.on('data', (chunk: Buffer) => (log = (log + String(chunk)).slice(-4000)))
  process.env['DOCKER_HOST'] = url
  const end = async (): Promise<void> => {
    await ended(child)
    rmSync(folder, { recursive: true, force: true })
    if (former === undefined) delete process.env['DOCKER_HOST']
    else process.env['DOCKER_HOST'] = former
  }
  try {
    await eventually({ what: 'an engine of our own answers', withinMs: 60_000 }, async () => {
      const engine = await reachEngine()
      if (typeof engine !== 'string') return { ready: true, value: undefined }
      return { ready: false, seen: `${engine}; it said: ${log.trim().split('\n').at(-1)}` }
    })
  } catch (error) {
    await end()
    throw error
  }
  return { from: 'started', [Symbol.asyncDispose]: end }
}

/** An engine that is asked to end ends its containers first; its containerd ends with it. */
async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, 'exit')
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), 30_000)
  await exit
  clearTimeout(timer)
}
