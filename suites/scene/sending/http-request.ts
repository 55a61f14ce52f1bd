import { httpGet } from '../../../lib/probe/http.ts'
import type { TcpRequest } from '../../../lib/probe/probe.ts'
import type { OverlayNetwork, Task } from '../../../lib/swarm/cluster.ts'
import { pagePath } from '../../../lib/swarm/probe-task.ts'
import type { Stack } from '../../../lib/swarm/stack.ts'
import { addressOn, inTask } from './pair.ts'

/** A task asks another for its page, at its address on a network. */
export function httpRequest(
  stack: Stack,
  [from, to]: readonly [Task, Task],
  network: Pick<OverlayNetwork, 'name'>,
): TcpRequest {
  return {
    ...{ kind: 'tcp', from: inTask(from), to: addressOn(to, network), port: 80, timeoutMs: 15_000 },
    request: httpGet(pagePath(stack)),
  }
}
