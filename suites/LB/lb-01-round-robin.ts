import { requireNone } from '../../lib/conformance/require-none.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import { httpBody, httpGet } from '../../lib/probe/http.ts'
import { responderNonce } from '../../lib/probe/nonce.ts'
import { pagePath } from '../../lib/swarm/probe-task.ts'
import { inTask, taskLabel } from '../scene/pair.ts'
import { docs, overlayTutorial } from '../source.ts'
import { connectionProblems, linesPerConnection, requestLines } from './one-connection.ts'
import { countShares, shareProblems } from './shares.ts'

const roundsPerTask = 6
/** Connections over which several requests go, per task. */
const longConnectionsPerTask = 2
/** Nothing else listens there. */
const linePort = 7010

export const roundRobin = conformanceTest({
  id: 'LB-01',
  requirement: 'Fresh connections to the VIP reach all tasks, in round-robin shares.',
  source: [docs('Configure service discovery'), overlayTutorial('Routing Mesh')],
  safety: 'production',
  needs: ['ipvs'],
  method:
    'From one task on every node fresh connections are made to the VIP of a service, one after another, six times as many as it has tasks. Each answer names the task it came from. Every task must answer, and per client the shares must be equal; one connection more or less is tolerated, for others on the node may use the VIP at the same time. Then a server in each task answers lines with the task’s name, and each client sends six requests over each of a few connections: whichever task gets a connection must answer all of its requests, for balancing is by connection.',
  usualCauses: [
    'a node’s balancer lists not all tasks, or one with weight 0: see LB-02',
    'a task is listed but cannot be reached from that node: see OVL-03 and VXL-06',
  ],
  remedy: [
    'nsenter --net=/run/docker/netns/lb_NETWORK ipvsadm -ln --stats on the node of the client',
    'docker service update --force SERVICE if a balancer lists tasks that are gone',
  ],
  async run(context) {
    const { stack, probe, evidence } = context
    const { web, rr } = stack.services
    const vip = web.vips[stack.networks.clear.id]
    if (vip === undefined) throw new Error(`service ${web.name} has no VIP on ${stack.networks.clear.name}`)
    const tasks = stack.tasks.filter((task) => task.service === web.name)
    const clients = stack.tasks
      .filter((task) => task.service === rr.name)
      .filter((task, index, all) => all.findIndex(({ node }) => node === task.node) === index)
    const observations = await probe.send(
      clients.map((client) => ({
        kind: 'tcp' as const,
        from: inTask(client),
        to: vip,
        port: 80,
        request: httpGet(pagePath(stack)),
        repeat: roundsPerTask * tasks.length,
      })),
    )
    const names = new Map(tasks.map((task) => [task.hostname, taskLabel(task)]))
    const shares = clients.map((client, index) =>
      countShares(taskLabel(client), observations[index]?.replies.map(httpBody) ?? [], names),
    )
    evidence.observe('answers by client', shares)
    const nonce = responderNonce()
    const long = await probe.send(
      clients.map((client) => ({
        kind: 'tcp' as const,
        from: inTask(client),
        to: vip,
        port: linePort,
        request: requestLines(nonce),
        repeat: longConnectionsPerTask * tasks.length,
        timeoutMs: 15_000,
      })),
      { responders: tasks.map((task) => ({ at: inTask(task), port: linePort, nonce, says: task.hostname })) },
    )
    const kept = clients.flatMap((client, index) =>
      connectionProblems(taskLabel(client), long[index]?.replies ?? [], names),
    )
    const connections = long.reduce((sum, { replies }) => sum + replies.length, 0)
    evidence.observe('several requests over one connection', {
      connections,
      requestsPerConnection: linesPerConnection,
      problems: kept,
    })
    requireNone(`connections to the VIP of ${web.name} reach all its tasks in turn`, [
      ...shares.flatMap(shareProblems),
      ...kept,
    ])
    if (shares.length === 0 || tasks.length === 0) throw new Error('there was no client or no task')
    evidence.conclude(
      `${shares.length} clients made ${roundsPerTask * tasks.length} connections each; every one reached all ${tasks.length} tasks in equal shares; over ${connections} connections ${linesPerConnection} requests each were answered by one task`,
    )
  },
})
