/** The tcpdump project's LINKTYPE_ values that are decoded. */
export const LinkType = {
  ethernet: 1,
  /** LINKTYPE_RAW, and DLT_RAW as some BSDs wrote it. */
  raw: 101,
  rawBsd: 12,
  linuxCooked: 113,
  ipv4: 228,
  ipv6: 229,
  linuxCooked2: 276,
} as const

const names: Readonly<Record<number, string>> = {
  0: 'NULL',
  1: 'ETHERNET',
  6: 'IEEE802_5',
  8: 'SLIP',
  9: 'PPP',
  12: 'RAW',
  50: 'PPP_HDLC',
  101: 'RAW',
  104: 'C_HDLC',
  105: 'IEEE802_11',
  108: 'LOOP',
  113: 'LINUX_SLL',
  127: 'IEEE802_11_RADIOTAP',
  189: 'USB_LINUX',
  220: 'USB_LINUX_MMAPPED',
  228: 'IPV4',
  229: 'IPV6',
  239: 'NFLOG',
  253: 'NETLINK',
  276: 'LINUX_SLL2',
}

/** Such as `1 (ETHERNET)`. */
export function linkTypeName(linkType: number): string {
  const name = names[linkType]
  return name === undefined ? String(linkType) : `${linkType} (${name})`
}
