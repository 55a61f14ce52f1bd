import { conformanceTest } from '../../lib/conformance/test.ts'
import { requireEffect } from '../scene/effects.ts'
import { reshapedService, reshapingLimitMs } from '../scene/reshaped-service.ts'
import { docs } from '../source.ts'

export const modeChanged = conformanceTest({
  id: 'DSC-07',
  requirement:
    '`service update --endpoint-mode dnsrr` takes the virtual IP away within a stated bound: the name resolves to the task, and nothing balances to it.',
  source: [docs('Configure service discovery')],
  safety: 'production',
  needs: ['ipvs'],
  timeLimitMs: reshapingLimitMs,
  method:
    'A service of the tests’ own has a virtual IP, by which a task on one of its networks finds it (control). It is switched to dnsrr. Within 90 s of the update the manager must state that mode and no virtual IP, the name must resolve to exactly the address of the service’s one task, asked for in that task, and the balancer of its node must neither mark packets for the former virtual IP nor list the task.',
  usualCauses: [
    'the service publishes ports through ingress, which takes a virtual IP: managers refuse dnsrr then',
    'the update is stuck because the new task cannot be placed or started',
    'gossip (7946) does not reach the node, so it keeps what it knew of the former task',
  ],
  remedy: [
    'docker service inspect --format "{{json .Endpoint}} {{json .UpdateStatus}}" SERVICE',
    'nsenter --net=/run/docker/netns/lb_NETWORK ipvsadm -ln on the node named; restart its engine if it keeps the entry',
  ],
  async run(context) {
    const { evidence } = context
    const reshaped = await reshapedService(context)
    const given = reshaped.given()
    if (given.virtualIp.problems.length > 0) {
      throw new Error(
        `the service was not found by a virtual IP before, so its going proves nothing: ${given.virtualIp.problems.join('; ')}`,
      )
    }
    const changed = requireEffect(
      context,
      `--endpoint-mode dnsrr of ${reshaped.service}`,
      reshaped.taken().dnsRoundRobin,
    )
    evidence.observe('virtual IP before', given.vip)
    evidence.conclude(
      `${reshaped.service} had the virtual IP ${given.vip}; ${changed} s after --endpoint-mode dnsrr it had none, its name led to its task, and its node’s balancer knew neither`,
    )
  },
})
