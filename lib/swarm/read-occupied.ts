import { usualLocalPools } from '../topology/local-pools.ts'
import { SwarmproofError } from '../error.ts'
import { cidrBlock } from '../identifier.ts'
import type { Remote } from '../remote/remote.ts'
import { execSections, type Sections } from '../remote/sections.ts'
import { scriptFile } from '../script-file.ts'
import type { Occupied, OccupiedHost, OccupiedSubnets, OccupiedSwarm } from './occupied.ts'

/** Reads what is in use on these hosts and in the swarm they form, if they do: one remote call a host. */
export function readOccupied(remotes: readonly Remote[]): Promise<Occupied> {
  return readOf(remotes, 'all')
}

/** Reads of it what a subnet is chosen by, with half of the calls of the docker client. */
export function readOccupiedSubnets(remotes: readonly Remote[]): Promise<OccupiedSubnets> {
  return readOf(remotes, 'subnets')
}

type Part = 'all' | 'subnets'

async function readOf(remotes: readonly Remote[], only: Part): Promise<Occupied> {
  const read = await Promise.all(remotes.map((remote) => readOne(remote, only)))
  const swarms = read.map(({ swarm }) => swarm)
  const union = <T>(pick: (swarm: OccupiedSwarm) => readonly T[]): T[] => [...new Set(swarms.flatMap(pick))]
  return {
    hosts: read.map(({ host }) => host),
    swarm: {
      pools: union(({ pools }) => pools),
      networks: union(({ networks }) => networks),
      ports: union(({ ports }) => ports),
    },
  }
}

async function readOne(remote: Remote, only: Part): Promise<{ host: OccupiedHost; swarm: OccupiedSwarm }> {
  const { result, sections } = await execSections(remote, occupiedScript(only), {
    timeoutMs: 60_000,
    idempotent: true,
  })
  if (sections.complete) return parseOccupied(remote.host, sections)
  const { stderr, exitCode } = result
  throw new SwarmproofError({
    code: 'OCCUPIED_UNKNOWN',
    what: 'what is in use on the host could not be read, so nothing is created there',
    host: remote.host,
    observed: `exit code ${exitCode}: ${stderr.trim().slice(-300)}`,
  })
}

/**
 * Reads only. Without `ip` the main routing table and all own addresses are still to be had from /proc. Only a manager
 * knows the swarm's pools and services, and is asked for services.
 */
const occupiedScript = (only: Part) => scriptFile(import.meta.url, 'read-occupied.sh', { only })

export function parseOccupied(
  host: string,
  sections: Sections,
): { host: OccupiedHost; swarm: OccupiedSwarm } {
  const lines = (name: string) => sections.lines(name).map((line) => line.trim())
  const networks = lines('networks').map((line) => line.split(' '))
  const [first = 32_768, last = 60_999] = (lines('ephemeral')[0] ?? '').split(/\s+/).map(Number)
  return {
    host: {
      host,
      routes: [...lines('routes').flatMap(routeOf), ...lines('kernel-routes').flatMap(kernelRouteOf)],
      addresses: [
        ...lines('addresses').filter((text) => /^[\d.]+$/.test(text) && !/^(0\.0\.0\.0|127\.)/.test(text)),
        ...lines('nameservers').flatMap((line) => /^nameserver\s+(\d[\d.]+)\s*$/.exec(line)?.[1] ?? []),
      ],
      networks: networks.flatMap(([, ...subnets]) => subnets).map((subnet) => cidrBlock(subnet, host)),
      localPools: localPools(lines('local-pools')[0]),
      ports: numbers([
        ...lines('sockets').map((port) => Number.parseInt(port, 16)),
        ...lines('containers').flatMap((line) => [...line.matchAll(/:(\d+(?:-\d+)?)->/g)].flatMap(spread)),
        ...lines('nat').flatMap((list) => list.split(',').flatMap((range) => spread([range, range]))),
      ]),
      ephemeral: [first, last],
    },
    swarm: {
      pools: swarmPools(lines('swarm')[0]),
      networks: networks
        .filter(([scope]) => scope === 'swarm')
        .flatMap(([, ...subnets]) => subnets)
        .map((subnet) => cidrBlock(subnet, host)),
      ports: numbers(lines('services').flatMap((line) => line.split(' ').map(Number))),
    },
  }
}

/** `10.1.0.0/16 dev eth1`, `local 10.1.0.7 dev eth1 table local`, `unreachable 10.2.0.0/16`; loopback is nobody's. */
function routeOf(line: string): string[] {
  const destination = /^(?:[a-z]+ )?(\d+\.\d+\.\d+\.\d+(?:\/\d+)?)(?: |$)/.exec(line)?.[1]
  return destination === undefined || isEverywhere(destination) ? [] : [destination]
}

/** Loopback, and the halves and quarters of the world by which VPNs stand in for a default route. */
function isEverywhere(destination: string): boolean {
  const [address = '', bits = '32'] = destination.split('/')
  return /^(127\.|0\.0\.0\.0$)/.test(address) || Number(bits) < 4
}

/** A row of /proc/net/route: destination and mask as little-endian hexadecimal. */
function kernelRouteOf(line: string): string[] {
  const [, destination = '', , , , , , mask = ''] = line.split(/\s+/)
  if (!/^[0-9A-F]{8}$/.test(destination) || destination === '00000000') return []
  const bytes = [...Buffer.from(destination, 'hex')].reverse()
  const bits = Number.parseInt(mask, 16).toString(2).replaceAll('0', '').length
  const route = `${bytes.join('.')}/${bits}`
  return isEverywhere(route) ? [] : [route]
}

function localPools(json: string | undefined): readonly string[] {
  const given = parsed<readonly { readonly Base: string }[]>(json)
  return given === undefined || given.length === 0
    ? usualLocalPools
    : given.map(({ Base }) => cidrBlock(Base))
}

/** Moby, swarmkit: 10.0.0.0/8 where `docker swarm init` was given none. */
const usualSwarmPool = '10.0.0.0/8'

function swarmPools(line: string | undefined): string[] {
  const [state, ...rest] = (line ?? '').split(' ')
  const cluster = parsed<{ readonly DefaultAddrPool?: readonly string[] | null }>(rest.join(' '))
  // A worker does not know.
  if (state !== 'active' || cluster === undefined) return []
  const { DefaultAddrPool: given } = cluster
  return given === undefined || given === null || given.length === 0
    ? [usualSwarmPool]
    : given.map((pool) => cidrBlock(pool))
}

function parsed<T>(json: string | undefined): T | undefined {
  try {
    return (JSON.parse(json ?? 'null') as T | null) ?? undefined
  } catch {
    return undefined
  }
}

/** `8000` or `8000-8003` or `8000:8003`. */
function spread([, range = '']: readonly string[]): number[] {
  const [first = 0, last = first] = range.split(/[-:]/).map(Number)
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index)
}

function numbers(values: readonly number[]): number[] {
  return [...new Set(values.filter((value) => Number.isInteger(value) && value > 0))]
}
