import { following } from './layer-table.ts'

/** IANA's names of what is met around a swarm and not decoded; others are told by number. */
const names: Readonly<Record<number, string>> = {
  2: 'igmp',
  4: 'ipip',
  41: 'ipv6',
  47: 'gre',
  51: 'ah',
  59: 'none',
  89: 'ospf',
  103: 'pim',
  112: 'vrrp',
  132: 'sctp',
}

export function ipProtocolName(payloadProtocol: number): string | number {
  return following.ipProtocol.get(payloadProtocol) ?? names[payloadProtocol] ?? payloadProtocol
}
