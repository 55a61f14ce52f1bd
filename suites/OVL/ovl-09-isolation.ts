import { requireNone } from '../../lib/conformance/require-none.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import { deliveryProblem } from '../scene/delivery.ts'
import { exchange } from '../scene/exchange-before.ts'
import { groupBy } from '../scene/group-by.ts'
import { type Isolated, isolation } from '../scene/isolation.ts'
import { addressOn, taskLabel } from '../scene/pair.ts'
import { docs, internals } from '../source.ts'

export const isolated = conformanceTest({
  id: 'OVL-09',
  requirement: 'Tasks that share no overlay cannot reach each other.',
  source: [docs('Attach a service to an overlay network'), internals('Overlay')],
  safety: 'production',
  needs: [],
  method:
    'Tasks of different overlays try each other’s overlay addresses, on the same host and on another, by ICMP, UDP (an echo server listens) and TCP. None may get an answer of the task. Controls: each target answers itself by all three at the same time, and those whose network has other tasks answer them.',
  usualCauses: [
    'a firewall rule or route on a host joins the networks',
    'a container was attached to both networks and forwards',
    'net.ipv4.conf.*.forwarding was set inside a namespace that holds both',
  ],
  remedy: [
    'traceroute from the task that got through: nsenter -t PID -n traceroute -n ADDRESS',
    'docker network inspect of both networks: who is attached to both',
    'iptables-save on the host named: rules for the subnets of the overlays',
  ],
  async run(context) {
    const { evidence } = context
    const { foreign, own } = await isolation(context)
    const { exchanged } = await exchange(context)
    const reached = foreign.filter((one) => deliveryProblem(one) === undefined)
    const surely = reached.filter(({ protocol }) => protocol !== 'icmp')
    evidence.observe(
      'attempts between tasks that share no overlay',
      Object.fromEntries(
        [...groupBy(foreign, ({ protocol, observation }) => `${protocol} ${observation.outcome}`)].map(
          ([key, attempts]) => [key, attempts.length],
        ),
      ),
    )
    const targets = new Set(foreign.map(({ to }) => to))
    evidence.observe(
      'controls: targets that answer themselves, and others of their network',
      [...targets].map((target) => ({
        target: taskLabel(target),
        itself: own.filter((one) => one.to === target && deliveryProblem(one) === undefined).length,
        ofItsNetwork: exchanged.filter((one) => one.to === target && deliveryProblem(one) === undefined)
          .length,
      })),
    )
    requireNone('tasks that share no overlay do not reach each other', surely.map(describe))
    const doubtful = reached.filter(({ protocol }) => protocol === 'icmp')
    if (doubtful.length > 0) {
      throw new Error(
        `something answers ICMP at addresses of tasks, and it is not known whether it is the task:\n${doubtful.map((one) => `- ${describe(one)}`).join('\n')}`,
      )
    }
    const dead = own.filter((one) => deliveryProblem(one) !== undefined)
    if (foreign.length === 0 || dead.length > 0) {
      throw new Error(
        `targets did not even answer themselves, so "not reached" proves nothing: ${dead.map((one) => `${taskLabel(one.to)} ${deliveryProblem(one)}`).join('; ')}`,
      )
    }
    evidence.conclude(
      `${foreign.length} attempts to ${targets.size} tasks of other overlays got no answer of the task, while each of them answered itself by ICMP, UDP and TCP`,
    )
  },
})

function describe({ from, to, network, protocol }: Isolated): string {
  return `${taskLabel(from)} reached ${taskLabel(to)} at ${addressOn(to, network)} (${network.name}) by ${protocol.toUpperCase()}`
}
