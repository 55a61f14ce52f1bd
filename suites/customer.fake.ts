import { randomBytes } from 'node:crypto'
import type { Host } from '../lib/host/host.ts'
import { sh } from '../lib/script.ts'
import { perlFile } from '../lib/script-file.ts'
import type { RemoteProcess } from '../lib/remote/remote.ts'
import type { ClusterNode } from '../lib/swarm/cluster.ts'
import { docker } from '../lib/swarm/docker.ts'
import { readTasks } from '../lib/swarm/read-objects.ts'
import type { Cluster, Task } from '../lib/swarm/cluster.ts'
import { eventually } from '../lib/eventually.ts'
import { probeImageOf } from '../lib/swarm/probe-task.ts'

/** What an operator runs, and the customers who use it while their swarm is verified. */
export interface Customers extends AsyncDisposable {
  /** What no file of a report may hold. */
  readonly secrets: readonly string[]
  /** Requests and datagrams sent until now, and requests answered with the customer's account. */
  counts(): Traffic
}

export interface Traffic {
  /** Through the routing mesh, by the published port of every node. */
  readonly mesh: { readonly sent: number; readonly answered: number }
  /** Between tasks, on an overlay in clear and an encrypted one. */
  readonly overlays: { readonly sent: number; readonly answered: number }
}

const service = 'operator-web'
const networks = { clear: 'operator-clear', encrypted: 'operator-encrypted' }
const publishedPort = 8088
/** Nothing listens; the answer is an ICMP error that quotes what was sent. */
const datagramPort = 9099
const accountBytes = 32_768

/**
 * Deploys an operator's published service, with overlays of its own, and lets customers use it until disposed: HTTP
 * with a cookie and a password through the mesh by every node, and between its tasks HTTP and datagrams, small ones
 * and of 4 000 bytes, which travel in fragments. The secrets are given to the hosts by standard input alone.
 */
export async function startCustomers(cluster: Cluster, signal: AbortSignal): Promise<Customers> {
  const secrets = [
    `session-${randomBytes(12).toString('hex')}`,
    `password-${randomBytes(12).toString('hex')}`,
  ]
  await remove(cluster.manager.host)
  await deploy(cluster.manager.host)
  const clients: Client[] = []
  const stop = async (): Promise<void> => {
    await Promise.allSettled(clients.map((client) => client.end()))
    await remove(cluster.manager.host)
  }
  try {
    const tasks = await running(cluster, signal)
    await Promise.all(tasks.map((task) => giveAccount(task, secrets)))
    for (const node of cluster.nodes) {
      clients.push(await Client.start('mesh', node, undefined, meshTargets(cluster), secrets))
      const own = tasks.find((task) => task.node === node)
      if (own === undefined) continue
      const others = tasks.filter((task) => task.node !== node)
      clients.push(await Client.start('overlays', node, own.pid, overlayTargets(others), secrets))
    }
    return { secrets, counts: () => total(clients), [Symbol.asyncDispose]: stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function deploy(host: Host): Promise<void> {
  const words = ['--mode', 'global', '--publish', `${publishedPort}:80`, '--no-resolve-image', '--detach']
  const attached = Object.values(networks).flatMap((name) => ['--network', name])
  await docker(
    host,
    sh`set -e
docker network create --driver overlay ${networks.clear}
docker network create --driver overlay --opt encrypted ${networks.encrypted}
docker service create --quiet --name ${service} ${words} ${attached} ${probeImageOf({})} sh -c ${'mkdir -p /www; trap "exit 0" TERM; httpd -f -p 80 -h /www & wait'}`,
  )
}

async function remove(host: Host): Promise<void> {
  await docker(
    host,
    sh`docker service rm ${service} >/dev/null 2>&1
n=0
for network in ${Object.values(networks)}; do
  while docker network inspect "$network" >/dev/null 2>&1 && [ $n -lt 60 ]; do
    docker network rm "$network" >/dev/null 2>&1 || sleep 1
    n=$((n+1))
  done
done
true`,
    { timeoutMs: 120_000 },
  )
}

function running(cluster: Cluster, signal: AbortSignal): Promise<readonly Task[]> {
  const wanted = { what: `a task of ${service} on every node`, withinMs: 120_000, everyMs: 1000, signal }
  return eventually(wanted, async () => {
    const tasks = await readTasks(cluster, [service]).catch(() => [])
    const whole = tasks.filter((task) =>
      Object.values(networks).every((name) => task.endpoints[name] !== undefined),
    )
    return whole.length === cluster.nodes.length
      ? { ready: true, value: whole }
      : { ready: false, seen: `${whole.length} of ${cluster.nodes.length}` }
  })
}

/** A page that shows both secrets, again and again. */
async function giveAccount({ node, containerId }: Task, secrets: readonly string[]): Promise<void> {
  const line = `${secrets.join(' ')}\n`
  const page = line.repeat(Math.ceil(accountBytes / line.length))
  await docker(node.host, sh`docker exec -i ${containerId} sh -c ${'cat > /www/account'}`, { input: page })
}

function meshTargets({ nodes }: { readonly nodes: readonly ClusterNode[] }): string[] {
  return nodes.map(({ advertise }) => `http ${advertise.address} ${publishedPort}`)
}

function overlayTargets(others: readonly Task[]): string[] {
  return others.flatMap((task) =>
    Object.values(networks).flatMap((name) => {
      const { address = '' } = task.endpoints[name] ?? {}
      return [`http ${address} 80`, `udp ${address} ${datagramPort}`]
    }),
  )
}

/** Reads targets and secrets, then asks in turns until its input ends; says every second how much. */
const clientProgram = perlFile(import.meta.url, 'customer-client.fake.pl')

/** One program on one node, in the node's own namespace or in that of a task. */
class Client {
  readonly kind: keyof Traffic
  readonly #process: RemoteProcess
  #sent = 0
  #answered = 0

  private constructor(kind: keyof Traffic, process: RemoteProcess) {
    this.kind = kind
    this.#process = process
    let text = ''
    process.stdout.on('data', (chunk: Buffer) => {
      const lines = (text + String(chunk)).split('\n')
      text = lines.pop() ?? ''
      const [sent, answered] = (lines.at(-1) ?? '').split(' ').map(Number)
      if (sent !== undefined && answered !== undefined) [this.#sent, this.#answered] = [sent, answered]
    })
    process.stderr.resume()
    process.stdin.on('error', () => undefined)
    process.exited.catch(() => undefined)
  }

  static async start(
    kind: keyof Traffic,
    { host }: ClusterNode,
    pid: number | undefined,
    targets: readonly string[],
    secrets: readonly string[],
  ): Promise<Client> {
    const inside = pid === undefined ? [] : ['nsenter', '-t', pid, '-n']
    const process = await host.remote.spawn(sh`exec ${[...inside, 'perl', '-e', clientProgram]}`, {
      stdin: 'pipe',
    })
    process.stdin.write(`${[...targets, `secret ${secrets.join(' ')}`, 'go'].join('\n')}\n`)
    return new Client(kind, process)
  }

  get counts(): { readonly sent: number; readonly answered: number } {
    return { sent: this.#sent, answered: this.#answered }
  }

  async end(): Promise<void> {
    this.#process.stdin.end()
    await this.#process.exited.catch(() => undefined)
  }
}

function total(clients: readonly Client[]): Traffic {
  const of = (kind: keyof Traffic) =>
    clients
      .filter((client) => client.kind === kind)
      .reduce(
        (sum, { counts }) => ({ sent: sum.sent + counts.sent, answered: sum.answered + counts.answered }),
        { sent: 0, answered: 0 },
      )
  return { mesh: of('mesh'), overlays: of('overlays') }
}
