/**
 * What each fault that can stand beside others takes for itself on its node: a chain whose rules it counts, an entry, a
 * setting. Two that take the same are never planted at once, for removing the one would break the other, or fail. Left
 * out are faults that stand in for a program, create or join networks, keep the tasks from being the same, run a program
 * for a quarter of an hour at most, or put something back elsewhere than where it was.
 */
export const sideBySide: Readonly<Record<string, readonly string[]>> = {
  'accept-before-drop-rule': ['filter INPUT'],
  'address-held-twice': ['addresses of a task'],
  'address-outside-subnet': ['addresses of a task'],
  'arriving-vxlan-dropped': ['raw PREROUTING'],
  'balancer-emptied': ['balancer of the clear network'],
  'balancer-task-missing': ['balancer of the clear network'],
  'balancer-weight-zero': ['balancer of the clear network'],
  'bridge-without-gateway': ['bridge of the clear network'],
  'clear-network-encrypted': ['mangle OUTPUT'],
  'constrained-task-cut-off': ['the composed stack'],
  'drop-rule-missing': ['filter INPUT'],
  'esp-dropped': ['filter INPUT'],
  'esp-lost': ['routes to a node', 'filter FORWARD'],
  'forward-dropped': ['filter FORWARD'],
  'forwarding-entry-missing': ['entries of a task'],
  'forwarding-entry-stale': ['stale entries'],
  'forwarding-off': ['forwarding of the host'],
  'gateway-bridge-too-large': ['MTU of docker_gwbridge'],
  'gateway-interface-mtu': ['MTU of docker_gwbridge'],
  'gateway-taken': ['addresses of a task without a subnet'],
  'hop-off-ttl': ['TTL of a task'],
  'host-port-blocked': ['raw PREROUTING'],
  'host-port-relayed': ['nat PREROUTING', 'nat POSTROUTING', 'filter FORWARD'],
  'idle-connections-forgotten': ['balancer of the clear network'],
  'ingress-balancer-emptied': ['balancer of ingress'],
  'ingress-forward-missing': ['nat DOCKER-INGRESS'],
  'ingress-mark-missing': ['balancer of ingress'],
  'ingress-task-missing': ['balancer of ingress'],
  'large-packets-dropped': ['mangle POSTROUTING'],
  'local-dnat-missing': ['nat OUTPUT'],
  'local-task-sent-away': ['entries of a task'],
  'mark-rule-missing': ['mangle OUTPUT'],
  'name-known-to-host': ['/etc/hosts'],
  'neighbour-entry-missing': ['entries of a task'],
  'neighbours-joined': ['filter FORWARD'],
  'outbound-policy-missing': ['IPsec'],
  'outbound-state-missing': ['IPsec'],
  'outer-source-rewritten': ['nat POSTROUTING'],
  'overlapping-routes': ['routes into subnets'],
  'own-port-not-masqueraded': ['nat POSTROUTING'],
  'packets-repeated': ['queueing discipline'],
  'resolver-silent': ['resolver of a task'],
  'sandbox-interface-mtu': ['MTU of the ingress sandbox'],
  'second-network-silent': ['a task on two overlays'],
  'short-name-unanswered': ['the composed stack'],
  'short-syntax-forward-missing': ['nat DOCKER-INGRESS'],
  'task-interface-mtu': ['MTU of a task'],
  'udp-forward-missing': ['nat DOCKER-INGRESS'],
  'underlay-mtu': ['MTU of the underlay'],
  'unpublished-port-forwarded': ['nat DOCKER-INGRESS', 'nat PREROUTING'],
  'unpublished-task-silent': ['a task of the encrypted network'],
  'upstream-unreachable': ['resolver of a task', 'filter OUTPUT'],
  'virtual-ip-silent': ['rules of the balancer of the clear network', 'balancer of the clear network'],
  'vxlan-device-mtu': ['MTU of the underlay'],
  'vxlan-device-on-host': ['a device of the VNI'],
  'vxlan-lost': ['routes to a node', 'filter FORWARD'],
  'vxlan-not-sent': ['filter OUTPUT'],
}

/** Whether a fault can be planted while these stand. */
export function standsBeside(fault: string, standing: readonly string[]): boolean {
  const taken = new Set(standing.flatMap((name) => sideBySide[name] ?? []))
  const takes = sideBySide[fault]
  return takes !== undefined && !standing.includes(fault) && takes.every((what) => !taken.has(what))
}

/** Left out above, for gossip that is lost moves the swarm; planted beside another by name it takes what its like take. */
const besides: Readonly<Record<string, readonly string[]>> = {
  'gossip-lost': ['routes to a node', 'filter FORWARD'],
}

/** What both take, so that they cannot be planted at once. */
export function takenByBoth(one: string, other: string): readonly string[] {
  const takes = (name: string): readonly string[] => sideBySide[name] ?? besides[name] ?? []
  return takes(one).filter((what) => takes(other).includes(what))
}
