import { namespacePath, overlayNamespace } from '../swarm/namespaces.ts'
import { tasksOn } from '../swarm/stack.ts'
import type { Fault } from './fault.ts'
import { scriptLines, sh } from '../script.ts'
import { shell } from '../change/shell.ts'

export const staleNamespace: Fault = {
  name: 'stale-namespace',
  description: 'A node without a task on a network holds its namespace',
  breaks: ['OVL-02'],
  namedBy: { code: 'overlay-namespace-left', at: 'host' },
  async plant({ cluster, stack }) {
    const tasks = tasksOn(stack, 'auto')
    const node = cluster.nodes.find((candidate) => !tasks.some((task) => task.node === candidate))
    if (node === undefined) throw new Error('every node runs a task on the network')
    const path = namespacePath(overlayNamespace(stack.networks.auto.id))
    await shell(node.host, scriptLines([sh`touch ${path}`, sh`unshare --net=${path} true`]))
    return {
      host: node.host.name,
      async remove() {
        await shell(node.host, scriptLines([sh`umount ${path}`, sh`rm ${path}`]))
      },
    }
  },
}
