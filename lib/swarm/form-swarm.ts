import { boundAmong } from '../bound-among.ts'
import { SwarmproofError } from '../error.ts'
import { eventually } from '../eventually.ts'
import type { Host } from '../host/host.ts'
import { type Progress, step } from '../progress.ts'
import { sh } from '../script.ts'
import type { Topology } from '../topology/topology.ts'
import { docker, dockerLines } from './docker.ts'
import { postToEngine } from './engine-socket.ts'
import { defaultDataPathPort, managementPort } from '../topology/swarm-defaults.ts'

/** A node joins within 20 s or goes on trying in the background; emulated ones take long to make their certificate. */
const joinWithinMs = 120_000

export interface FormOptions {
  readonly progress: Progress
  readonly signal: AbortSignal
  readonly forming?: Forming
}

/** Told step by step of a swarm that is to be known again whoever dies on the way. */
export interface Forming {
  /** See `newSwarmMark`. */
  readonly mark: string
  /** Before any other host joins: the id of the first manager, and the address they join. */
  initialised(nodeId: string, address: string): Promise<void>
  joined(host: Host): Promise<void>
}

/** Builds a swarm of hosts that are in none: the first manager initialises it, the others join side by side. */
export async function formSwarm(
  topology: Topology,
  hosts: readonly Host[],
  options: FormOptions,
): Promise<void> {
  const [first, ...others] = managersFirst(members(hosts))
  if (first === undefined) return
  await step(options.progress, 'Initialising the swarm', first.name, () =>
    initialise(topology, first, options.forming?.mark),
  )
  const leader = addressOn(first, topology.swarm.advertise)
  if (options.forming !== undefined) {
    await options.forming.initialised(await nodeIdOf(first), `${leader}:${managementPort}`)
    await options.forming.joined(first)
  }
  const tokens = await joinTokens(first)
  await Promise.all(
    others.map((host) =>
      step(options.progress, 'Joining the swarm', host.name, async () => {
        await joinSwarm(host, {
          ...addressesOf(topology, host),
          manager: leader,
          token: host.node.role === 'manager' ? tokens.manager : tokens.worker,
        })
        await options.forming?.joined(host)
      }),
    ),
  )
  await nodesReady(first, others.length + 1, options.signal)
}

/** Waits until every node is Ready, as after a join or a resume. */
export async function nodesReady(manager: Host, expected: number, signal: AbortSignal): Promise<void> {
  await eventually(
    {
      what: `${expected} nodes Ready`,
      withinMs: boundAmong(expected, 90_000),
      everyMs: 1000,
      signal,
      host: manager.name,
    },
    async () => {
      const lines = (await docker(manager, sh`docker node ls --format ${'{{.Hostname}} {{.Status}}'}`))
        .trim()
        .split('\n')
      const ready = lines.filter((line) => line.endsWith(' Ready')).length
      return ready === expected ? { ready: true, value: undefined } : { ready: false, seen: lines.join(', ') }
    },
  )
}

export interface ListedNetwork {
  readonly name: string
  readonly driver: string
  readonly scope: string
}

/** What `docker network ls` says on each host, by host name. */
export async function listNetworks(hosts: readonly Host[]): Promise<Record<string, ListedNetwork[]>> {
  const lists = await Promise.all(
    hosts.map(async (host) => {
      const format = '{"name":{{json .Name}},"driver":{{json .Driver}},"scope":{{json .Scope}}}'
      return [
        host.name,
        (await dockerLines(host, sh`docker network ls --format ${format}`)) as ListedNetwork[],
      ] as const
    }),
  )
  return Object.fromEntries(lists)
}

/** Outsiders stay out of the swarm. */
export function members(hosts: readonly Host[]): Host[] {
  return hosts.filter((host) => host.node.role !== 'outsider')
}

function managersFirst(hosts: readonly Host[]): Host[] {
  const isManager = (host: Host): boolean => host.node.role === 'manager'
  return [...hosts.filter(isManager), ...hosts.filter((host) => !isManager(host))]
}

async function initialise(topology: Topology, host: Host, mark: string | undefined): Promise<void> {
  const { swarm } = topology
  const { advertise, dataPath } = addressesOf(topology, host)
  const pools = (swarm.addressPools?.pools ?? []).flatMap((pool) => ['--default-addr-pool', pool])
  const options = [
    ...['--advertise-addr', advertise, '--data-path-addr', dataPath],
    ...(swarm.dataPathPort === defaultDataPathPort ? [] : ['--data-path-port', swarm.dataPathPort]),
    ...pools,
    ...(swarm.addressPools === undefined
      ? []
      : ['--default-addr-pool-mask-length', swarm.addressPools.maskLength]),
    ...(mark === undefined ? [] : ['--cert-expiry', mark]),
  ]
  // It prints how to join, with the token.
  await docker(host, sh`docker swarm init ${options} >/dev/null`, { timeoutMs: joinWithinMs })
}

/** @throws SwarmproofError `DOCKER_OUTPUT` for what is no id of a node, for a swarm is known by it later */
async function nodeIdOf(host: Host): Promise<string> {
  const id = (await docker(host, sh`docker info --format ${'{{.Swarm.NodeID}}'}`)).trim()
  if (/^[a-z0-9]{25}$/.test(id)) return id
  throw new SwarmproofError({
    code: 'DOCKER_OUTPUT',
    what: 'the engine gave no id of its node',
    host: host.name,
    observed: id.slice(0, 100),
  })
}

async function joinTokens(manager: Host): Promise<{ manager: string; worker: string }> {
  const output = await docker(
    manager,
    sh`docker swarm join-token -q manager; docker swarm join-token -q worker`,
  )
  const [forManager = '', forWorker = ''] = output.trim().split('\n')
  return { manager: forManager, worker: forWorker }
}

/** How a node joins; see `docker swarm join`. */
export interface Joining {
  /** Of a manager, without port. */
  readonly manager: string
  /** Never to be printed or written. */
  readonly token: string
  /** Address or interface. */
  readonly advertise: string
  /** Address or interface; that of `advertise` where not given. */
  readonly dataPath?: string
}

/**
 * Does what `docker swarm join` does, without a token in anybody's list of processes.
 * Source: Docker Engine API, POST /swarm/join; Docker CLI, cli/command/swarm/join.go.
 */
export async function joinSwarm(host: Host, joining: Joining): Promise<void> {
  const { manager, token, advertise, dataPath = '' } = joining
  const request = {
    ListenAddr: `0.0.0.0:${managementPort}`,
    AdvertiseAddr: advertise,
    DataPathAddr: dataPath,
    RemoteAddrs: [`${manager}:${managementPort}`],
    JoinToken: token,
    Availability: 'active',
  }
  await postToEngine(host, '/swarm/join', request, joinWithinMs)
}

function addressesOf({ swarm }: Topology, host: Host): { advertise: string; dataPath: string } {
  return { advertise: addressOn(host, swarm.advertise), dataPath: addressOn(host, swarm.dataPath) }
}

function addressOn(host: Host, underlay: string): string {
  const attachment = host.underlays[underlay]
  if (attachment === undefined) throw new Error(`host ${host.name} is not on underlay ${underlay}`)
  return attachment.address
}
