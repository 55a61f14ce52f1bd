import { packetMark } from '../identifier.ts'
import type { IpvsService } from './host-state.ts'

/**
 * Reads /proc/net/ip_vs, whose numbers are hexadecimal:
 *
 *     FWM  00000103 rr
 *       -> 0A000006:0000      Masq    1      0          0
 *
 * Services by address instead of by firewall mark are left out: swarm has none.
 */
export function parseIpvs(lines: readonly string[]): readonly IpvsService[] {
  const services: (IpvsService & { destinations: IpvsService['destinations'][number][] })[] = []
  let current: (typeof services)[number] | undefined
  for (const line of lines) {
    const service = /^(FWM|TCP|UDP|SCTP)\s+(\S+)\s+(\S+)/.exec(line)
    if (service) {
      current = undefined
      if (service[1] !== 'FWM') continue
      current = {
        firewallMark: packetMark(Number.parseInt(service[2] ?? '', 16)),
        scheduler: service[3] ?? '',
        destinations: [],
      }
      services.push(current)
      continue
    }
    const destination = /^\s*-> ([0-9A-F]{8}):[0-9A-F]{4}\s+(\S+)\s+(\d+)/.exec(line)
    if (destination && current) {
      current.destinations.push({
        address: dotted(destination[1] ?? ''),
        weight: Number(destination[3]),
        forwarding: destination[2] ?? '',
      })
    }
  }
  return services
}

function dotted(hex: string): string {
  return (hex.match(/../g) ?? []).map((byte) => Number.parseInt(byte, 16)).join('.')
}
