import type { Injected } from '../scene/injection.ts'
import { taskLabel } from '../scene/pair.ts'

/** Each task that got frames which should have been dropped on arrival. */
export function injectionProblems(
  injected: readonly Pick<Injected, 'arrived' | 'sent' | 'network' | 'task'>[],
  when: string,
): string[] {
  return injected
    .filter(({ arrived }) => arrived.length > 0)
    .map(
      ({ arrived, sent, network, task }) =>
        `${arrived.length} of ${sent} frames in clear with VNI ${network.vni} reached ${taskLabel(task)} of ${network.name}${when}`,
    )
}
