import { sh } from '../script.ts'
import { existingHosts } from './origin.ts'
import { spawn } from 'node:child_process'
import type { Socket } from 'node:net'
import { PassThrough } from 'node:stream'
import type { Script } from '../script.ts'
import type { Host } from './host.ts'
import type { ExecResult, Remote, RemoteProcess } from '../remote/remote.ts'

/**
 * This machine as a host: its Remote runs commands here, or behind a command in front, e.g. `ssh root@host`.
 * For tests alone: it has no time limits, and what it started dies with the end of its input at best.
 */
export function nativeHost(name: string, front: readonly string[] = ['/bin/sh', '-c']): Host {
  return {
    name,
    remote: nativeRemote(name, front),
    origin: existingHosts,
    underlays: {},
    node: { name, role: 'manager', memoryMib: 1024, cpus: 1, addresses: {} },
  }
}

function nativeRemote(host: string, front: readonly string[]): Remote {
  const start = (command: Script): RemoteProcess & { readonly letGo: () => void } => {
    const [program = '/bin/sh', ...words] = front
    const child = spawn(program, [...words, command.text], { stdio: ['pipe', 'pipe', 'pipe'] })
    // One that ended before it was given its input.
    child.stdin.on('error', () => undefined)
    const exited = new Promise<{ exitCode: number }>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (code) => resolve({ exitCode: code ?? -1 }))
    })
    const stop = async (): Promise<void> => {
      child.stdin.end()
      if (front[0] !== 'ssh') child.kill('SIGINT')
      await exited
    }
    const letGo = (): void => {
      child.unref()
      for (const pipe of [child.stdin, child.stdout, child.stderr]) (pipe as Socket).unref()
    }
    return { ...pick(child), exited, stop, letGo, [Symbol.asyncDispose]: stop }
  }
  return {
    host,
    async exec(command, options): Promise<ExecResult> {
      const startedAt = performance.now()
      const process = start(command)
      const [stdout, stderr] = [collect(process.stdout), collect(process.stderr)]
      process.stdin.end(options?.input ?? '')
      const { exitCode } = await process.exited
      return {
        stdout: await stdout,
        stderr: await stderr,
        exitCode,
        durationMs: performance.now() - startedAt,
      }
    },
    spawn: async (command, options) => {
      const process = start(command)
      // What is kept there must not keep tests from ending.
      process.letGo()
      return options?.stdin === 'pipe' ? process : { ...process, stdin: new PassThrough().destroy() }
    },
    upload: async () => undefined,
    download: async () => Buffer.alloc(0),
    [Symbol.asyncDispose]: async () => undefined,
  }
}

function pick(child: ReturnType<typeof spawn>): Pick<RemoteProcess, 'stdin' | 'stdout' | 'stderr'> {
  if (!child.stdin || !child.stdout || !child.stderr) throw new Error('a child without pipes')
  return { stdin: child.stdin, stdout: child.stdout, stderr: child.stderr }
}

async function collect(stream: NodeJS.ReadableStream): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}

/** The same, where the docker client reaches its engine at this address. */
export function nativeHostWithEngine(name: string, address: string): Host {
  const native = nativeHost(name)
  return {
    ...native,
    remote: {
      ...native.remote,
      exec: (script, options) =>
        native.remote.exec(
          sh`export DOCKER_HOST=${address}
${script}`,
          options,
        ),
    },
  }
}
