import { shell } from '../change/shell.ts'
import { sh } from '../script.ts'
import type { ClusterNode } from '../swarm/cluster.ts'
import { nameAmong, overlayNamespace } from '../swarm/namespaces.ts'

/** The name a node has for the namespace of an overlay; the usual one where it has none. */
export async function overlayNamespaceOn({ host }: ClusterNode, networkId: string): Promise<string> {
  const names = (await shell(host, sh`ls /run/docker/netns`)).split('\n')
  const usual = overlayNamespace(networkId)
  return nameAmong(names, usual) ?? usual
}
