import type { ReadyLab } from '../lib/conformance/bring-up.ts'
import { SwarmproofError } from '../lib/error.ts'
import { pagePath } from '../lib/swarm/probe-task.ts'
import { meshPort } from './scene/recordings/mesh.ts'
import { clientsOn } from './scene/experiments/changing.ts'
import { inTask, onNode } from './scene/sending/pair.ts'
import { startSteadyClient, type SteadyClient, together } from './steady-client.ts'

/** From one request to the next, of each client. */
export const askEveryMs = 200
/** A task of an emulated host was seen to take seconds. */
const patienceMs = 4000

/**
 * Two clients that never stop asking `web` for its page: one on the first node, through the mesh by every node in turn;
 * one in a task on the last node, where most faults are planted, by the virtual IP.
 */
export async function startMeshAndVipClients({ cluster, stack }: ReadyLab): Promise<SteadyClient> {
  const { web } = stack.services
  const [first] = cluster.nodes
  const task =
    clientsOn(stack).findLast(({ node }) => node === cluster.nodes.at(-1)) ?? clientsOn(stack).at(-1)
  const [port, vip] = [meshPort(web), web.vips[stack.networks.clear.id]]
  if (first === undefined || task === undefined || port === undefined || vip === undefined)
    throw new SwarmproofError({
      code: 'NO_CLIENT',
      what: `the lab has nobody who could ask ${web.name} through the mesh and by its virtual IP`,
    })
  const common = { page: pagePath(stack), everyMs: askEveryMs, patienceMs }
  const mesh = await startSteadyClient({
    ...{ ...common, from: onNode(first) },
    ways: cluster.nodes.map(({ host, advertise: { address } }) => ({
      ...{ name: `${first.host.name} asks the mesh by ${host.name}`, address, port },
    })),
  })
  try {
    const from = inTask(task)
    const ways = [{ name: `${from.label} asks the virtual IP`, address: vip, port: 80 }]
    return together([mesh, await startSteadyClient({ ...common, from, ways })])
  } catch (error) {
    await mesh[Symbol.asyncDispose]()
    throw error
  }
}
