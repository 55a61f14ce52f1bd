import { InputError } from '../../error.ts'
import { sh } from '../../script.ts'
import { impairmentsOf } from '../../topology/impaired-attachments.ts'
import type { Topology } from '../../topology/topology.ts'
import type { Engine } from './engine.ts'
import { engineWords } from './engine-words.ts'
import { labels } from './lab-labels.ts'

/** What a kernel has that impairs by netem, built in or loaded; nothing is loaded by looking. */
export const netemThere = sh`grep -q ' netem_' /proc/kallsyms`

/**
 * Refuses a topology with impairments where the kernel that all hosts share has no netem. It is looked for in a
 * container that is thrown away, and never loaded: the kernel is its machine's.
 *
 * @throws InputError `IMPAIRMENT_NOT_AVAILABLE`
 */
export async function requireNetem(
  { docker }: Engine,
  image: string,
  labId: string,
  topology: Topology,
): Promise<void> {
  const [first] = impairmentsOf(topology)
  if (first === undefined) return
  const container = await docker.createContainer({
    ...{ Image: image, Entrypoint: ['/bin/sh', '-c', netemThere.text], Cmd: [] },
    Labels: labels(labId, 'trial'),
    HostConfig: { NetworkMode: 'none' },
  })
  let observed: string | undefined
  try {
    await container.start()
    const { StatusCode: code } = (await container.wait()) as { readonly StatusCode: number }
    if (code !== 0) observed = `no symbol of netem in /proc/kallsyms (exit code ${code})`
  } catch (error) {
    observed = `the trial could not be run: ${engineWords(error)}`
  } finally {
    await container.remove({ force: true, v: true }).catch(() => undefined)
  }
  if (observed === undefined) return
  throw new InputError({
    code: 'IMPAIRMENT_NOT_AVAILABLE',
    what: `topology '${topology.name}' impairs an underlay, for which the kernel that all hosts share lacks the module sch_netem`,
    expected: first,
    observed,
    hint: 'type `modprobe sch_netem` on the machine of the Docker engine if it is yours, or use --hosts vm',
  })
}
