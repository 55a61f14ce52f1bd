/** Names of IANA's protocol numbers, as far as they are met around a swarm; others are told by number. */
const names: Readonly<Record<number, string>> = {
  1: 'icmp',
  2: 'igmp',
  4: 'ipip',
  6: 'tcp',
  17: 'udp',
  41: 'ipv6',
  47: 'gre',
  50: 'esp',
  51: 'ah',
  58: 'icmpv6',
  59: 'none',
  89: 'ospf',
  103: 'pim',
  112: 'vrrp',
  132: 'sctp',
}

export function ipProtocolName(payloadProtocol: number): string | number {
  return names[payloadProtocol] ?? payloadProtocol
}
