import { PassThrough } from 'node:stream'
import type { Script } from '../script.ts'
import type { RemoteProcess } from './remote.ts'

/** What keeps a program, in memory: each run of it is one of these processes. */
export function keeping(command: Script, run: () => RemoteProcess): RemoteProcess {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()]
  const runs = new Map<string, RemoteProcess>()
  let end: (exit: { exitCode: number }) => void = () => undefined
  const exited = new Promise<{ exitCode: number }>((resolve) => (end = resolve))
  /** The program itself comes first. */
  let toSkip = Number(/ (\d+)$/.exec(command.text)?.[1])
  let unread = Buffer.alloc(0)

  const begin = (id: string): void => {
    const process = run()
    runs.set(id, process)
    const pass = (what: string, chunk: Buffer): void => {
      stdout.write(Buffer.concat([Buffer.from(`${id} ${what} ${chunk.length}\n`), chunk]))
    }
    process.stdout.on('data', (chunk: Buffer) => pass('out', chunk))
    process.stderr.on('data', (chunk: Buffer) => pass('err', chunk))
    void process.exited.then(({ exitCode }) => setImmediate(() => stdout.write(`${id} exit ${exitCode}\n`)))
  }
  const take = (): boolean => {
    const at = unread.indexOf('\n')
    if (at < 0) return false
    const [id = '', verb, bytes = '0'] = unread.subarray(0, at).toString().split(' ')
    const rest = at + 1 + Number(bytes)
    if (unread.length < rest) return false
    if (verb === 'run') begin(id)
    else if (verb === 'in') runs.get(id)?.stdin.write(unread.subarray(at + 1, rest))
    else if (verb === 'end') void runs.get(id)?.stop()
    unread = unread.subarray(rest)
    return true
  }
  stdin.on('data', (chunk: Buffer) => {
    const own = chunk.subarray(Math.min(toSkip, chunk.length))
    toSkip -= chunk.length - own.length
    unread = Buffer.concat([unread, own])
    while (take());
  })
  const stop = async (): Promise<void> => {
    await Promise.all([...runs.values()].map((process) => process.stop()))
    stdout.end()
    stderr.end()
    end({ exitCode: 0 })
    await exited
  }
  return { stdin, stdout, stderr, exited, stop, [Symbol.asyncDispose]: stop }
}
