import { setTimeout as delay } from 'node:timers/promises'
import { requireNone } from '../../lib/conformance/require-none.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import { readIpvsTimers } from '../../lib/observe/read-ipvs-timers.ts'
import { httpBody, httpGet } from '../../lib/probe/http.ts'
import { loadBalancerNamespace, namespacePath } from '../../lib/swarm/namespaces.ts'
import { pagePath } from '../../lib/swarm/probe-task.ts'
import { outcomeText } from '../scene/outcome.ts'
import { inTask, taskLabel } from '../scene/pair.ts'
import { moby } from '../source.ts'

/** How long a connection is kept idle; the probe's server itself ends one that has asked nothing for 60 s. */
const idleSeconds = Math.min(50, Number(process.env.SWARMPROOF_IDLE_SECONDS ?? 40))
/** Of it, when its entry in the balancer is looked at. */
const looks = [0.25, 0.75]

export const idleConnection = conformanceTest({
  id: 'LB-05',
  requirement: 'The idle behaviour of a VIP connection (IPVS timeout) is measured and reported.',
  source: [moby('issues 31208 and 37822: IPVS forgets connections that were idle for 900 s')],
  safety: 'production',
  advisory: true,
  slow: true,
  needs: ['ipvs'],
  method:
    'From a task on every node a connection to the VIP of a service is made and left idle for 40 s (SWARMPROOF_IDLE_SECONDS, at most 50); then it asks for a page, which a task must answer. Meanwhile the node’s balancer is looked at twice: its time-out for TCP, and how long it will still keep that connection. A connection that stays idle longer than the time-out is lost without a word to either end; 900 s is the kernel’s default.',
  usualCauses: [
    'somebody shortened the time-outs (ipvsadm --set) in the balancer’s namespace or on the host',
    'a firewall or NAT between the nodes forgets idle connections sooner than IPVS does',
  ],
  remedy: [
    'let clients send keep-alives more often than the time-out: sysctl net.ipv4.tcp_keepalive_time=600 for the service (--sysctl)',
    'use --endpoint-mode dnsrr where connections must stay idle for longer: no IPVS is between',
    'nsenter --net=/run/docker/netns/lb_NETWORK ipvsadm -L --timeout',
  ],
  async run(context) {
    const { stack, probe, signal, evidence } = context
    const { web, rr } = stack.services
    const { clear } = stack.networks
    const vip = web.vips[clear.id]
    if (vip === undefined) throw new Error(`service ${web.name} has no VIP on ${clear.name}`)
    const clients = stack.tasks
      .filter((task) => task.service === rr.name)
      .filter((task, index, all) => all.findIndex(({ node }) => node === task.node) === index)
    if (clients.length === 0) throw new Error(`service ${rr.name} has no task to connect from`)
    const path = namespacePath(loadBalancerNamespace(clear.id))
    const look = async (part: number) => {
      await delay(part * idleSeconds * 1000, undefined, { signal })
      return Promise.all(clients.map(({ node }) => readIpvsTimers(node.host, path)))
    }
    const [observations, ...looked] = await Promise.all([
      probe.send(
        clients.map((client) => ({
          kind: 'tcp' as const,
          from: inTask(client),
          to: vip,
          port: 80,
          request: httpGet(pagePath(stack)),
          idleMs: idleSeconds * 1000,
          timeoutMs: 15_000,
        })),
      ),
      ...looks.map(look),
    ])
    const rows = clients.map((client, index) => {
      const observation = observations[index]
      const port = observation?.attempts[0]?.source?.port
      const answered = httpBody(observation?.replies[0]) !== undefined
      return {
        client: taskLabel(client),
        timeoutSeconds: looked[0]?.[index]?.tcpSeconds ?? Number.NaN,
        expiresSeconds: looked.map(
          (timers) => timers[index]?.connections.find(({ from }) => from.port === port)?.expiresSeconds,
        ),
        answered,
        outcome: observation === undefined || answered ? '' : outcomeText(observation),
      }
    })
    evidence.observe('idle connections, and when the balancer would have forgotten them', rows)
    for (const { client, timeoutSeconds } of rows)
      evidence.measure(`IPVS time-out of TCP for ${client}`, timeoutSeconds, 's')
    requireNone(
      `a connection that was idle for ${idleSeconds} s is still there`,
      rows
        .filter(({ answered }) => !answered)
        .map(
          ({ client, timeoutSeconds, outcome }) =>
            `${client}: lost after ${idleSeconds} s of silence (${outcome}); its balancer forgets connections after ${timeoutSeconds} s`,
        ),
    )
    evidence.conclude(
      `${rows.length} connections idle for ${idleSeconds} s were answered; their balancers forget a connection after ${[...new Set(rows.map(({ timeoutSeconds }) => timeoutSeconds))].join(' or ')} s, and these would have lasted another ${rows.map(({ expiresSeconds }) => expiresSeconds.at(-1) ?? '?').join(', ')} s`,
    )
  },
})
