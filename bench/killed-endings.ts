import type { ChildProcess } from 'node:child_process'
import { execFileSync } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import { reboot } from '../lib/change/reboot.ts'
import type { Remote } from '../lib/remote/remote.ts'
import { type Script, sh } from '../lib/script.ts'
import { scriptFile } from '../lib/script-file.ts'
import { restartEngine } from '../lib/swarm/restart-engine.ts'

/** A run that is under way. */
export interface UnderWay {
  readonly child: ChildProcess
  /** Where its report is to go. */
  readonly folder: string
  readonly hosts: ReadonlyMap<string, Remote>
  /** The host that something befalls. */
  readonly victim: string
  /** Starts another one; it ends with the first or by itself. */
  readonly another: () => ChildProcess
}

/** What becomes of a run: told after a while by chance. */
export interface Ending {
  readonly name: string
  /** The run is started behind these words. */
  readonly behind?: readonly string[]
  /** Hosts are not the same afterwards, but for what runs make. */
  readonly restarts?: true
  /** Before the run begins; returns what is to be done when it is over. */
  prepare?(run: Pick<UnderWay, 'folder' | 'hosts' | 'victim'>): Promise<() => Promise<void>>
  befall(run: UnderWay): Promise<void>
}

/** By name: those of the process, of its connection, of a host, of disks, and of this machine. */
export const endings: readonly Ending[] = [
  { name: 'kill -9', befall: async ({ child }) => signal(child, 'SIGKILL') },
  { name: 'SIGTERM', befall: async ({ child }) => signal(child, 'SIGTERM') },
  { name: 'SIGINT', befall: async ({ child }) => signal(child, 'SIGINT') },
  { name: 'SIGHUP', befall: async ({ child }) => signal(child, 'SIGHUP') },
  {
    name: 'terminal closed',
    // Its end closes the terminal of the run, as closing a window does.
    behind: ['script', '--quiet', '--return', '/dev/null', '--command'],
    befall: async ({ child }) => void child.kill('SIGKILL'),
  },
  {
    name: 'connections cut, then killed',
    async befall({ child, hosts, victim }) {
      await told(hosts, victim, cutConnections)
      await delay(3_000)
      signal(child, 'SIGKILL')
    },
  },
  { name: 'connections cut', befall: async ({ hosts, victim }) => told(hosts, victim, cutConnections) },
  { name: 'host restarted', restarts: true, befall: async ({ hosts, victim }) => restarted(hosts, victim) },
  {
    name: 'host restarted, then killed',
    restarts: true,
    async befall({ child, hosts, victim }) {
      await Promise.all([restarted(hosts, victim), delay(1_000).then(() => signal(child, 'SIGKILL'))])
    },
  },
  {
    name: 'engine restarted',
    restarts: true,
    befall: async ({ hosts, victim }) => restartEngine({ name: victim, remote: remoteOf(hosts, victim) }),
  },
  {
    name: 'engine restarted, then killed',
    restarts: true,
    async befall({ child, hosts, victim }) {
      const engine = restartEngine({ name: victim, remote: remoteOf(hosts, victim) })
      await delay(1_000)
      signal(child, 'SIGKILL')
      await engine
    },
  },
  ...['/run', '/var/tmp'].map((place): Ending => ({
    name: `host’s ${place} full, then killed`,
    async prepare({ hosts, victim }) {
      return () => told(hosts, victim, sh`rm -f ${`${place}/filler`}`)
    },
    async befall({ child, hosts, victim }) {
      await told(hosts, victim, fill(`${place}/filler`, place))
      await delay(5_000)
      signal(child, 'SIGKILL')
    },
  })),
  {
    name: 'disk full here',
    async prepare({ folder }) {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=128k', 'tmpfs', folder])
      return async () => void execFileSync('umount', [folder])
    },
    befall: async () => undefined,
  },
  {
    name: 'two at once, one killed',
    async befall({ child, another }) {
      const second = another()
      await delay(20_000)
      signal(second, 'SIGKILL')
      await delay(5_000)
      signal(child, 'SIGINT')
    },
  },
  {
    name: 'suspended for 80 s',
    async befall({ child }) {
      signal(child, 'SIGSTOP')
      await delay(80_000)
      signal(child, 'SIGCONT')
    },
  },
]

function signal(child: ChildProcess, name: NodeJS.Signals): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  // A signal of a terminal goes to the whole group, as does a killer that ends everything the run started.
  process.kill(name === 'SIGTERM' ? child.pid : -child.pid, name)
}

function remoteOf(hosts: ReadonlyMap<string, Remote>, host: string): Remote {
  const remote = hosts.get(host)
  if (remote === undefined) throw new Error(`no host ${host}`)
  return remote
}

async function told(hosts: ReadonlyMap<string, Remote>, host: string, script: Script): Promise<void> {
  const { exitCode, stderr } = await remoteOf(hosts, host).exec(script, { timeoutMs: 60_000 })
  if (exitCode !== 0) throw new Error(`${host}: ${stderr.trim()}`)
}

/** Ends the server's processes of every connection that holds the line of a guard: those of runs, and no others. */
const cutConnections = scriptFile(import.meta.url, 'cut-connections.sh')

/** Takes all that is free there; as root, also what is reserved. */
function fill(file: string, place: string): Script {
  return scriptFile(import.meta.url, 'fill-disk.sh', { file, place })
}

function restarted(hosts: ReadonlyMap<string, Remote>, name: string): Promise<void> {
  const bound = { withinMs: 240_000, signal: new AbortController().signal }
  return reboot({ name, remote: remoteOf(hosts, name) }, bound)
}
