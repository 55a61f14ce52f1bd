import { InputError } from '../../error.ts'
import type { Topology } from '../../topology/topology.ts'

/** What containers cannot be, although the topology is valid. @throws InputError `INIT_NOT_AVAILABLE` */
export function refuseImpossibleForContainers(topology: Topology): void {
  const node = topology.nodes.find(({ init }) => init === 'systemd')
  if (node === undefined) return
  throw new InputError({
    code: 'INIT_NOT_AVAILABLE',
    what: `topology '${topology.name}' asks for systemd on its hosts, which hosts that are containers do not have`,
    host: node.name,
    observed: 'init: systemd',
    hint: 'use --hosts vm, or remove `init` from the topology',
  })
}
