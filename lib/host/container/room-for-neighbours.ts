import type { Progress } from '../../progress.ts'
import { scriptFile } from '../../script-file.ts'
import type { Engine } from './engine.ts'
import { engineWords } from './engine-words.ts'
import { labels } from './lab-labels.ts'
import type { Privileges } from './privileges.ts'

/**
 * gc_thresh3, 2 and 1 of IPv4, as an engine sets them when it starts its overlay driver
 * (moby, libnetwork/drivers/overlay/ostweaks_linux.go). Those of labs cannot: their hosts are no first namespaces.
 */
const limits = [65_536, 49_152, 8192] as const

/**
 * Entries that are in use at once where tasks on all nodes try each other: 20 nodes needed more than the 1024 that kernels
 * begin with, and packets of tasks were refused with ENOBUFS.
 */
const neighboursOf = (nodes: number): number => 6 * nodes ** 2
const mostOfKernels = 1024

/** What the script ends with where it raised the limits. */
const raised = 10

/** @param table the folder of the limits, of the first network namespace */
export const roomForNeighbours = (nodes: number, table = '/proc/sys/net/ipv4/neigh/default') =>
  scriptFile(import.meta.url, 'room-for-neighbours.sh', {
    needed: neighboursOf(nodes),
    limits: limits.join(' '),
    table,
  })

/**
 * Makes room in the neighbour table of the kernel that all hosts share, where so many nodes need more than it has: in a
 * container that is thrown away, on the network of the engine's machine. Where that cannot be done, what to type is said.
 */
export async function makeRoomForNeighbours(
  { docker }: Engine,
  {
    image,
    labId,
    nodes,
    privileges,
  }: { image: string; labId: string; nodes: number; privileges: Privileges },
  progress: Progress,
): Promise<void> {
  if (neighboursOf(nodes) <= mostOfKernels) return
  const most = limits[0]
  let failure: string
  try {
    const container = await docker.createContainer({
      ...{ Image: image, Entrypoint: ['/bin/sh', '-c', roomForNeighbours(nodes).text], Cmd: [] },
      Labels: labels(labId, 'trial'),
      HostConfig: { ...privileges.hostConfig, NetworkMode: 'host' },
    })
    try {
      await container.start()
      const { StatusCode: code } = (await container.wait()) as { readonly StatusCode: number }
      if (code === raised)
        progress.note(
          `The kernel that all hosts share has room for ${most} neighbours now (gc_thresh3), as an engine sets it on its own host; that stays until its machine restarts`,
        )
      if (code === raised || code === 0) return
      failure = `exit code ${code}`
    } finally {
      await container.remove({ force: true, v: true }).catch(() => undefined)
    }
  } catch (error) {
    failure = engineWords(error)
  }
  progress.note(
    `The kernel that all hosts share may have too little room for the neighbours of ${nodes} nodes, and its limit could not be raised (${failure}): \`sysctl -w net.ipv4.neigh.default.gc_thresh3=${most}\` on its machine`,
  )
}
