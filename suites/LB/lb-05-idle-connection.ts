import { requirement } from '../../lib/conformance/test.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import { part } from '../../lib/observation/part.ts'
import { outcomeSeen } from '../../lib/observation/probe-seen.ts'
import type { Problem } from '../../lib/observation/problem.ts'
import { unseenFromTasks } from '../scene/judging/unseen-from.ts'
import { moby } from '../source.ts'
import { observeIdle } from './idle.ts'
import { homesOf, tasksAt } from '../scene/sending/counted.ts'

export const idleConnection = requirement({
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
  codes: ['idle-connection-lost'],
  changes: [],
  quiet: ['changes'],
  reads: [],
  listens: true,
  probes: (lab) => homesOf(tasksAt(lab, 'clear')),
  observe: observeIdle,
  judge({ idleSeconds, connections, timers }, facts) {
    const { web, rr } = facts.services
    const { clear } = facts.networks
    const { got, missing, unseen } = part(timers, 'the time-outs of IPVS')
    const rows = connections.map(({ probe }) => {
      const port = probe.attempts[0]?.source?.port
      const looked = got.get(probe.fromNode)
      return {
        ...{ client: probe.from, node: probe.fromNode, address: probe.to },
        timeoutSeconds: looked?.[0]?.tcpSeconds,
        expiresSeconds: (looked ?? []).map((one) => {
          return one.connections.find(({ from }) => from.port === port)?.expiresSeconds ?? null
        }),
        answered: probe.outcome === 'answered' && (probe.replies[0] ?? '') !== '',
        outcome: outcomeSeen(probe),
      }
    })
    const timeouts = [...new Set(rows.flatMap(({ timeoutSeconds }) => timeoutSeconds ?? []))]
    return judgement({
      problems: rows
        .filter(({ answered }) => !answered)
        .map(({ client, node, address, outcome }): Problem => ({
          ...{ code: 'idle-connection-lost', kind: 'missed', node, ends: { from: client, to: web.name } },
          ...{ network: clear.name, service: web.name, address, expected: idleSeconds, observed: outcome },
        })),
      missing,
      unseen: [
        ...unseen,
        ...unseenFromTasks(
          facts,
          facts.tasks.filter(({ service }) => service === rr.name),
          rr.name,
        ),
        ...(web.vips[clear.id] === undefined ? [{ what: `a virtual IP of ${web.name}`, nodes: [] }] : []),
      ],
      measures: rows.flatMap(({ client, timeoutSeconds: value }) =>
        value === undefined ? [] : [{ name: `IPVS time-out of TCP for ${client}`, value, unit: 's' }],
      ),
      tables: { 'idle connections, and when the balancer would have forgotten them': rows },
      conclusion:
        rows.length === 0
          ? ''
          : `${rows.length} connections idle for ${idleSeconds} s were answered; their balancers forget a connection after ${timeouts.join(' or ')} s, and these would have lasted another ${rows.map(({ expiresSeconds }) => expiresSeconds.at(-1) ?? '?').join(', ')} s`,
    })
  },
})
