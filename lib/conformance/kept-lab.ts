import type { Lab } from '../host/host.ts'
import { type Progress, step } from '../progress.ts'
import { readCluster } from '../swarm/read-cluster.ts'
import { readStack } from '../swarm/read-stack.ts'
import { stackNames } from '../swarm/stack.ts'
import { readKeptNotes } from './kept-notes.ts'
import { type ReadyLab, readStates, requestedNetworks } from './bring-up.ts'

/**
 * A lab that was left standing as it is now, whatever was broken on it meanwhile: nothing is waited for, restarted or put
 * back.
 */
export async function keptLab(lab: Lab, { progress }: { readonly progress: Progress }): Promise<ReadyLab> {
  const { topology } = lab
  const cluster = await step(progress, 'Reading the cluster', undefined, () =>
    readCluster(topology, lab.hosts),
  )
  const [stack, states] = await step(progress, 'Reading the stack', undefined, () =>
    Promise.all([readStack(stackNames(topology.stack), cluster), readStates(cluster)]),
  )
  const built = readKeptNotes(lab.id) ?? {
    builtAt: new Date(0).toISOString(),
    requested: requestedNetworks(topology),
  }
  return { lab, cluster, stack, states, built }
}
