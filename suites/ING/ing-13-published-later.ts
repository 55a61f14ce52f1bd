import { requireNone } from '../../lib/conformance/require-none.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import { requireEffect } from '../scene/effects.ts'
import { reshapedService, reshapingLimitMs } from '../scene/reshaped-service.ts'
import { docs } from '../source.ts'

export const publishedLater = conformanceTest({
  id: 'ING-13',
  requirement:
    '`service update --publish-add` opens a port on every node, `--publish-rm` closes it again, within a stated bound.',
  source: [docs('Publish ports on an overlay network')],
  safety: 'production',
  needs: ['ipvs'],
  timeLimitMs: reshapingLimitMs,
  method:
    'A service of the tests’ own that publishes nothing is given a port by --publish-add, a free one of the manager’s choice. Within 90 s of the update every node, asked on it by another, must give the answer of the service’s task. Then the port is taken away by --publish-rm, and within 90 s no node may give an answer of the service’s tasks on it.',
  usualCauses: [
    'a firewall between or on the nodes lets only ports pass that were published before: those given by managers are 30000 to 32767',
    'the update is stuck because the new task cannot be placed or started',
    'gossip (7946) does not bring the new task to a node: see CTL-02, CTL-03',
  ],
  remedy: [
    'docker service inspect --format "{{json .UpdateStatus}} {{json .Endpoint.Ports}}" SERVICE',
    'iptables -t nat -S DOCKER-INGRESS on the node named; curl http://NODE:PORT/ from another',
  ],
  async run(context) {
    const { cluster, stack, evidence } = context
    const { ingress } = stack.networks
    const reshaped = await reshapedService(context)
    const given = reshaped.given()
    evidence.observe('the port given to the service', given.publishedPort ?? 'none')
    const opened = requireEffect(context, `--publish-add of ${reshaped.service}`, given.port)
    requireNone(
      'a port is given to a service that is to publish',
      given.publishedPort === undefined
        ? [`${cluster.manager.host.name} states no published port of ${reshaped.service}`]
        : [],
    )
    const closed = requireEffect(context, `--publish-rm of ${reshaped.service}`, reshaped.taken().port)
    evidence.conclude(
      `port ${given.publishedPort} answered on ${cluster.nodes.length} nodes ${opened} s after --publish-add, by way of ${ingress.name}, and on none ${closed} s after --publish-rm`,
    )
  },
})
