import { requireNone } from '../../lib/conformance/require-none.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import { changingLimitMs, changingService } from '../scene/changing-service.ts'
import { shownWithinMs } from '../scene/scale-stage.ts'
import { docs, moby } from '../source.ts'

export const scalingShows = conformanceTest({
  id: 'LB-04',
  requirement: 'Scaling up and down shows in DNS and IPVS on every node within a stated bound.',
  source: [docs('Configure service discovery'), moby('libnetwork/networkdb/cluster.go: bulkSyncInterval')],
  safety: 'production',
  needs: ['ipvs'],
  timeLimitMs: changingLimitMs,
  method:
    'A service made for it is given one task more, then one less. From the moment the manager lists exactly the wanted tasks as running, a task on every node asks for tasks.<service> and the balancer of every node is read, again and again: within 30 s both must hold exactly the running tasks.',
  usualCauses: [
    'gossip (7946) does not reach the node: see CTL-02, CTL-03',
    'a removed task is kept because its node could not say that it ended',
  ],
  remedy: [
    'nsenter --net=/run/docker/netns/lb_NETWORK ipvsadm -ln on the node named',
    'docker service ps SERVICE; docker service update --force SERVICE',
    'restart the engine of a node that goes on differing',
  ],
  async run(context) {
    const { cluster, evidence } = context
    const stages = (await changingService(context)).scaled()
    const bound = shownWithinMs / 1000
    for (const { tasks, runningSeconds, shownSeconds } of stages) {
      evidence.measure(`until exactly ${tasks} tasks ran`, runningSeconds, 's')
      if (shownSeconds !== undefined)
        evidence.measure(`until ${tasks} tasks showed on every node`, shownSeconds, 's', bound)
    }
    requireNone(
      `scaling shows on every node within ${bound} s`,
      stages
        .filter(({ shownSeconds }) => shownSeconds === undefined)
        .flatMap(({ tasks, problems }) =>
          problems.map((problem) => `${bound} s after exactly ${tasks} tasks ran, ${problem}`),
        ),
    )
    const told = stages.map(({ tasks, shownSeconds }) => `${tasks} tasks after ${shownSeconds} s`)
    evidence.conclude(
      `DNS and IPVS of ${cluster.nodes.length} nodes showed ${told.join(', ')} (bound ${bound} s)`,
    )
  },
})
