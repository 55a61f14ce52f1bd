import type { ObserveContext } from '../../lib/conformance/context.ts'
import type { Problem } from '../../lib/observation/problem.ts'
import { replicas, runningOn } from '../../lib/swarm/availability.ts'
import type { ClusterNode } from '../../lib/swarm/cluster.ts'

/** What runs on a node, and the replicas of each service as the manager counts them. */
export interface TasksLook {
  /** Services of the tasks on the node. */
  readonly onNode: readonly string[]
  readonly services: readonly {
    readonly service: string
    readonly running: number
    readonly wanted: number
  }[]
}

export async function lookAtTasks(
  { cluster, facts: { namePrefix } }: Pick<ObserveContext, 'cluster' | 'facts'>,
  node: ClusterNode,
): Promise<TasksLook> {
  const [onNode, services] = await Promise.all([servicesOn(node, namePrefix), replicas(cluster)])
  return {
    onNode,
    services: services.map((one) => ({ ...one, service: ownName(one.service, namePrefix) })),
  }
}

/** Services whose tasks run on a node, once for each task. */
export async function servicesOn(node: ClusterNode, prefix: string): Promise<string[]> {
  return (await runningOn(node)).map((service) => ownName(service, prefix))
}

/** Names of other people's services are not kept. */
function ownName(service: string, prefix: string): string {
  return service.startsWith(`${prefix}-`) ? service : 'not of the run'
}

/** Tasks that are still on a drained node, and services that lack tasks although `elsewhere` nodes could run them. */
export function movedTaskProblems(
  { onNode, services }: TasksLook,
  node: string,
  elsewhere: number,
): Problem[] {
  return [
    ...[...new Set(onNode)].map((service): Problem => {
      return { code: 'task-not-moved', kind: 'missed', node, service }
    }),
    ...shortProblems(services, elsewhere),
  ]
}

/** Services that lack tasks, and a node that is active again and runs none. */
export function returnedProblems({ onNode, services }: TasksLook, node: string): Problem[] {
  return [
    ...shortProblems(services, Number.POSITIVE_INFINITY),
    ...(onNode.length > 0 ? [] : [{ code: 'no-task-returned', kind: 'missed', node } as const]),
  ]
}

function shortProblems(services: TasksLook['services'], most: number): Problem[] {
  return services.flatMap(({ service, running, wanted }): Problem[] => {
    const expected = Math.min(wanted, most)
    return running >= expected
      ? []
      : [{ code: 'tasks-not-running', kind: 'missed', service, expected, observed: running }]
  })
}
