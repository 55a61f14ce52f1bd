/**
 * Names of the network namespaces the engine keeps below /run/docker/netns.
 * Source: Moby, libnetwork/drivers/overlay (`1-` and ten characters of the network id) and
 * libnetwork/service_linux.go (`lb_` and nine characters).
 */
export function overlayNamespace(networkId: string): string {
  return `1-${networkId.slice(0, 10)}`
}

export function loadBalancerNamespace(networkId: string): string {
  return `lb_${networkId.slice(0, 9)}`
}

export const ingressNamespace = 'ingress_sbox'

export function namespacePath(name: string): string {
  return `/run/docker/netns/${name}`
}

/**
 * The namespace of that name among those of a host, or, of an overlay, the one that the engine made after it had to make
 * it again: then its number is not 1 (Moby, libnetwork/drivers/overlay/ov_network.go, initEpoch).
 */
export function namespaceNamed<T>(namespaces: Readonly<Record<string, T>>, name: string): T | undefined {
  const [, id] = /^1-(.+)$/.exec(name) ?? []
  if (namespaces[name] !== undefined || id === undefined) return namespaces[name]
  const again = Object.keys(namespaces).find((one) => /^\d+-/.test(one) && one.endsWith(`-${id}`))
  return again === undefined ? undefined : namespaces[again]
}
