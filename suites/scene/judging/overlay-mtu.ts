/**
 * Sizes an engine computes and the wire then carries, in bytes.
 *
 *     outer IPv4 20 │ UDP 8 │ VXLAN 8 │ inner Ethernet 14 │ inner IP packet
 *     outer IPv4 20 │ ESP 8 + IV 8 │ UDP 8 │ VXLAN 8 │ inner Ethernet 14 │ inner IP packet │ padding, 2, ICV 8
 *
 * Source: Moby, libnetwork/drivers/overlay/encryption.go (maxMTU, the same since 2016); RFC 4303 §2, RFC 4106 §3.
 */
const outerIpBytes = 20
const vxlanBytes = 8 + 8 + 14
const espExpansionBytes = 26
const defaultUnderlayMtuBytes = 1500

/** What the engine takes the underlay's MTU to be: the network's option, else 1500; it does not ask the interface. */
export function statedMtu(options: Readonly<Record<string, string>>): number {
  return Number(options['com.docker.network.driver.mtu'] ?? defaultUnderlayMtuBytes)
}

/** The MTU of an overlay's interfaces as engines compute it. */
export function overlayMtu(statedMtuBytes: number, network: { readonly encrypted: boolean }): number {
  const clear = statedMtuBytes - outerIpBytes - vxlanBytes
  if (!network.encrypted) return clear
  const encrypted = clear - espExpansionBytes
  return encrypted - (encrypted % 4)
}

/** Length of the outer IPv4 packet for an inner IP packet of that length, if it is not fragmented. */
export function outerBytes(innerBytes: number, network: { readonly encrypted: boolean }): number {
  const payload = vxlanBytes + innerBytes
  if (!network.encrypted) return outerIpBytes + payload
  const padded = Math.ceil((payload + 2) / 4) * 4
  return outerIpBytes + 8 + 8 + padded + 8
}
