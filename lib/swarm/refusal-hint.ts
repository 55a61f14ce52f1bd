import { type EngineRefusal, refusalOf } from '../observation/engine-refusal.ts'
import { gatewayBridgeByHand } from '../topology/local-pools.ts'

const hints: Partial<Readonly<Record<EngineRefusal, string>>> = {
  'vxlan-in-the-way':
    'a VXLAN device that is not the swarm’s has the VNI or the UDP port: ip -d link show type vxlan on that host; ip link del DEVICE unless something needs it',
  'pools-used-up': `routes of that host cover all address pools, as those of a VPN do (ip route): make docker_gwbridge by hand before it joins, with a SUBNET that is free there: ${gatewayBridgeByHand}`,
  'kernel-lacks': 'modprobe -a vxlan bridge veth ip_vs xfrm_user esp4 on that host, then restart its engine',
}

/** What to do where an engine refuses a swarm, a network or a container for a reason that is known. */
export function refusalHint(words: string): { readonly hint?: string } {
  const means = refusalOf(words)
  const hint = means === undefined ? undefined : hints[means]
  return hint === undefined ? {} : { hint }
}
