import { ingressNamespace } from '../../swarm/namespaces.ts'
import { kernelTcpSeconds } from '../balancer-timers.ts'
import type { LabView } from '../lab-view.ts'
import { nodesRead, statesOf } from '../meanwhile.ts'
import type { Rule } from '../rule.ts'

const setting = 'net.ipv4.tcp_keepalive_time'

/** Tasks probe idle connections later than their balancers forget them. */
export const keepaliveLaterThanBalancer: Rule = {
  code: 'keepalive-later-than-balancer',
  title: 'Idle connections by virtual IPs are forgotten by the balancer before TCP keepalive sends anything',
  severity: ['advice', 'cause'],
  meaning:
    'IPVS forgets a connection that was silent for 900 s; the next packet is lost without a word to either end. TCP keepalive would renew it, but begins after 7200 s where nobody sets it. Pools of connections to databases and queues break after a quiet quarter of an hour, by virtual IPs and published ports alone.',
  proof: [
    'In the namespace of a task `net.ipv4.tcp_keepalive_time` is greater than the balancer’s time-out, as LB-05 read it or as kernels have it',
    'It is read, not waited for',
  ],
  silencedBy: [
    'No service has a virtual IP',
    'All tasks that were looked at probe sooner',
    'Something else does not hold: what is broken is told first',
  ],
  remedy: [
    '`docker service update --sysctl-add net.ipv4.tcp_keepalive_time=600 SERVICE`; it counts for programs that switch keepalive on (SO_KEEPALIVE)',
    'Or in the program: PostgreSQL `tcp_keepalives_idle=600`, JDBC `tcpKeepAlive=true` with the above, a pool that closes what is idle for ten minutes',
    'Or `--endpoint-mode dnsrr` for services that are reached inside only: no balancer is between',
  ],
  reports: [
    {
      url: 'https://github.com/moby/moby/issues/31208',
      says: 'Connections between two services that were idle for fifteen minutes hung for ever.',
    },
    {
      url: 'https://github.com/docker-library/postgres/issues/1110',
      says: 'Idle connections to PostgreSQL by a virtual IP were closed after 900 s; four ways around it.',
    },
    {
      url: 'https://github.com/docker/docs/issues/5519',
      says: 'Time-outs of IPVS are 900, 120 and 300 s, and keepalive has to come before.',
    },
  ],
  find(lab) {
    const lost = lab.problems('idle-connection-lost')
    const others = lab.everyProblem.some((problem) => !lost.includes(problem))
    const balanced = Object.values(lab.facts?.services ?? {}).filter(({ vips }) =>
      Object.values(vips).some((vip) => vip !== ''),
    )
    const [service] = balanced
    if (others || service === undefined) return []
    const limit = balancerSeconds(lab)
    const late = nodesRead(lab).flatMap((node) => {
      const seconds = keepaliveOf(lab, node)
      return seconds !== undefined && seconds > limit ? [{ node, seconds }] : []
    })
    if (late.length === 0) return []
    const longest = Math.max(...late.map(({ seconds }) => seconds))
    return [
      {
        title: `Idle connections to virtual IPs break after ${limit} s: TCP keepalive of tasks begins after ${longest} s`,
        severity: lost.length > 0 ? 'cause' : 'advice',
        cause: `The balancer forgets a connection that was silent for ${limit} s, and what is sent on it then is lost without a word to either end. Keepalive renews it, but not before ${longest} s in these tasks: pools of connections to databases and queues break after a quiet time.`,
        remedy: [
          `\`docker service update --sysctl-add ${setting}=${Math.min(600, Math.floor(limit / 1.5))} ${service.name}\`, and so for every service that keeps connections; it counts for programs that switch keepalive on`,
          'Or in the program: PostgreSQL `tcp_keepalives_idle=600`, a pool that closes what is idle for ten minutes',
          'Or `--endpoint-mode dnsrr` where a service is reached inside only: no balancer is between',
        ],
        nodes: late.map(({ node }) => node),
        proof: late.map(({ node, seconds }) => `${node}: ${setting} = ${seconds} in tasks`),
        ...(lost.length > 0 ? { explains: ({ code }) => code === 'idle-connection-lost' } : {}),
      },
    ]
  },
  gravity: 190,
}

/** As LB-05 measured it, where it was verified. */
function balancerSeconds(lab: LabView): number {
  const measured = (lab.requirement('LB-05')?.verdict?.measures ?? []).map(({ value }) => value)
  return measured.length === 0 ? kernelTcpSeconds : Math.min(...measured)
}

/** The longest of the node’s tasks: namespaces of networks and of balancers are none. */
function keepaliveOf(lab: LabView, node: string): number | undefined {
  const [state] = statesOf(lab, node)
  const seconds = Object.entries(state?.namespaces ?? {}).flatMap(([name, { settings }]) =>
    name === ingressNamespace || /^(?:lb_|\d+-)/.test(name) ? [] : Number(settings?.[setting] ?? Number.NaN),
  )
  const known = seconds.filter(Number.isFinite)
  return known.length === 0 ? undefined : Math.max(...known)
}
