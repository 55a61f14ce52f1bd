import type { Part } from '../observation/part.ts'
import type { IpvsTimers } from '../observe/read-ipvs-timers.ts'
import { loadBalancerNamespace } from '../swarm/namespaces.ts'
import type { LabView, Reported } from './lab-view.ts'
import type { Draft } from './rule.ts'

/** Of TCP, by the kernel (net/netfilter/ipvs/ip_vs_proto_tcp.c); `ipvsadm --set` changes it. */
export const kernelTcpSeconds = 900

/** A balancer that was read to forget a connection sooner than a client was silent on it, and what was lost by that. */
interface ForgetfulBalancer {
  readonly node: string
  readonly tcpSeconds: number
  readonly lost: readonly Reported[]
}

/** By what LB-05 read of each balancer while connections by it were idle. */
export function forgetfulBalancers(lab: LabView): Draft[] {
  const lost = lab.problems('idle-connection-lost')
  const nodes = [...new Set(lost.flatMap(({ node }) => node ?? []))]
  const { timers = {} } = (lab.scene('LB-05') ?? {}) as {
    readonly timers?: Readonly<Record<string, Part<readonly IpvsTimers[]>>>
  }
  return nodes.flatMap((node) => {
    const part = timers[node]
    const tcpSeconds = part !== undefined && 'got' in part ? part.got[0]?.tcpSeconds : undefined
    if (tcpSeconds === undefined) return []
    const forgotten = lost.filter((one) => one.node === node && tcpSeconds < Number(one.expected))
    return forgotten.length === 0 ? [] : [draftOf(lab, { node, tcpSeconds, lost: forgotten })]
  })
}

function draftOf({ facts }: LabView, { node, tcpSeconds, lost }: ForgetfulBalancer): Draft {
  const [first] = lost
  const network = Object.values(facts?.networks ?? {}).find(({ name }) => name === first?.network)
  const namespace = network === undefined ? 'lb_NETWORK' : loadBalancerNamespace(network.id)
  return {
    title: `The balancer ${namespace} on ${node} forgets TCP connections after ${tcpSeconds} s of silence, the kernel's own time-out is ${kernelTcpSeconds} s`,
    cause: `Somebody set the time-outs of IPVS in that namespace alone: no engine does. A connection that was idle for ${first?.expected} s was forgotten there, and what was sent on it then belonged to none.`,
    remedy: [
      `On ${node}: \`nsenter --net=/run/docker/netns/${namespace} ipvsadm --set ${kernelTcpSeconds} 120 300\` (TCP, TCP after FIN, UDP)`,
      `Find what sets it, or it comes back when the balancer is made again: \`grep -rn 'ipvsadm.*--set' /etc /usr/local\``,
    ],
    nodes: [node],
    networks: [...new Set(lost.flatMap((one) => one.network ?? []))],
    proof: [
      `${node}: \`ipvsadm -L --timeout\` in ${namespace} said ${tcpSeconds} s for TCP while the connection was idle`,
      ...lost.map(
        ({ ends, expected, observed }) =>
          `${node}: ${ends?.from ?? 'a task'} was idle for ${expected} s, then: ${observed ?? 'not answered'}`,
      ),
    ],
    reports: [],
    explains: (problem) => lost.includes(problem),
  }
}
