import type { Suite } from '../../lib/conformance/suite.ts'
import { defaultNetworks } from './ovl-01-default-networks.ts'
import { instantiatedOnDemand } from './ovl-02-instantiated-on-demand.ts'
import { fullMesh } from './ovl-03-full-mesh.ts'
import { subnetHonoured } from './ovl-04-subnet-honoured.ts'
import { assignedSubnet } from './ovl-05-assigned-subnet.ts'
import { isolated } from './ovl-09-isolation.ts'
import { unpublishedPorts } from './ovl-10-unpublished-ports.ts'

export const overlayNetworks: Suite = {
  group: 'OVL',
  title: 'Overlay networks',
  tests: [
    defaultNetworks,
    instantiatedOnDemand,
    fullMesh,
    subnetHonoured,
    assignedSubnet,
    isolated,
    unpublishedPorts,
  ],
}
