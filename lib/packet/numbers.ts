/** EtherTypes (IEEE 802 Numbers) of what is decoded here, once for `decode` and for the ledger. */
export const EtherType = { ipv4: 0x0800, ipv6: 0x86dd, arp: 0x0806, vlan: [0x8100, 0x88a8, 0x9100] } as const

/** IANA's protocol numbers of what is decoded here, once for `decode` and for the ledger. */
export const IpProtocol = { icmp: 1, tcp: 6, udp: 17, esp: 50, icmpv6: 58 } as const
