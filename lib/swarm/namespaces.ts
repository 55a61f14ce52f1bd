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
