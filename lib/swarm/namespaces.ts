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

/** That of ingress, or of any overlay. */
export function isBalancer(name: string): boolean {
  return name === ingressNamespace || name.startsWith('lb_')
}

export function namespacePath(name: string): string {
  return `/run/docker/netns/${name}`
}

/**
 * Whether two names are of one namespace: that of an overlay has another number each time the engine has to make it
 * again (Moby, libnetwork/drivers/overlay/ov_network.go: initEpoch).
 */
export function isSameNamespace(one: string, other: string): boolean {
  return one === other || (overlayPart(one) !== undefined && overlayPart(one) === overlayPart(other))
}

function overlayPart(name: string): string | undefined {
  return /^\d+-(.+)$/.exec(name)?.[1]
}

/** The name that a namespace has among those of a host. */
export function nameAmong(names: readonly string[], name: string): string | undefined {
  return names.includes(name) ? name : names.find((one) => isSameNamespace(one, name))
}

/** The namespace of that name, or of that overlay, among those of a host. */
export function namespaceNamed<T>(namespaces: Readonly<Record<string, T>>, name: string): T | undefined {
  const found = nameAmong(Object.keys(namespaces), name)
  return found === undefined ? undefined : namespaces[found]
}
