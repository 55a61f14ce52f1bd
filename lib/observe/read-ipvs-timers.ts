import { SwarmproofError } from '../error.ts'
import type { Host } from '../host/host.ts'
import { sh } from '../script.ts'
import { readInNamespace } from './namespace-script.ts'

/** How long a namespace's IPVS keeps connections, and those it keeps now. */
export interface IpvsTimers {
  /** After the last packet of an established connection. */
  readonly tcpSeconds: number
  readonly connections: readonly IpvsConnection[]
}

export interface IpvsConnection {
  readonly protocol: string
  readonly from: { readonly address: string; readonly port: number }
  /** e.g. `ESTABLISHED`. */
  readonly state: string
  /** Until it is forgotten if nothing is sent. */
  readonly expiresSeconds: number
}

const inside = sh`echo "$1 timers" && ipvsadm -L --timeout && cat /proc/net/ip_vs_conn`

/** By `ipvsadm`, because no file of /proc holds the time-outs; @throws MissingTool where it is not there */
export async function readIpvsTimers(host: Host, namespacePath: string): Promise<IpvsTimers> {
  const sections = await readInNamespace(host, {
    ...{ path: namespacePath, inside, tools: ['ipvsadm'], what: 'the time-outs of IPVS' },
  })
  const printed = sections?.lines('timers').join('\n')
  const timers = printed === undefined ? undefined : parseIpvsTimers(printed)
  if (timers !== undefined) return timers
  throw new SwarmproofError({
    code: 'OBSERVE_FAILED',
    what: `the time-outs of IPVS in ${namespacePath} could not be read`,
    host: host.name,
    observed: printed === undefined ? 'there is no such namespace' : printed.slice(-300),
  })
}

/**
 * Reads `ipvsadm -L --timeout` and /proc/net/ip_vs_conn, whose addresses and ports are hexadecimal:
 *
 *     Timeout (tcp tcpfin udp): 900 120 300
 *     Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Expires PEName PEData
 *     TCP 0A5B0105 C3A8 0A5B0103 0050 0A5B0106 0050 ESTABLISHED     897
 */
export function parseIpvsTimers(output: string): IpvsTimers | undefined {
  const tcp = /^Timeout \(tcp tcpfin udp\): (\d+) \d+ \d+/m.exec(output)?.[1]
  if (tcp === undefined) return undefined
  const row = /^(\S+) ([0-9A-F]{8}) ([0-9A-F]{4}) (?:[0-9A-F]{8} [0-9A-F]{4} ){2}(\S+)\s+(\d+)/gm
  return {
    tcpSeconds: Number(tcp),
    connections: [...output.matchAll(row)].map(
      ([, protocol = '', from = '', port = '', state = '', expires]) => ({
        protocol,
        from: {
          address: [...Buffer.from(from, 'hex')].join('.'),
          port: Number.parseInt(port, 16),
        },
        state,
        expiresSeconds: Number(expires),
      }),
    ),
  }
}
