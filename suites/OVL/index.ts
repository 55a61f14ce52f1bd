import { groupTitles } from '../../lib/conformance/group-titles.ts'
import type { Suite } from '../../lib/conformance/suite.ts'
import { defaultNetworks } from './ovl-01-default-networks.ts'
import { instantiatedOnDemand } from './ovl-02-instantiated-on-demand.ts'
import { fullMesh } from './ovl-03-full-mesh.ts'
import { subnetHonoured } from './ovl-04-subnet-honoured.ts'
import { assignedSubnet } from './ovl-05-assigned-subnet.ts'
import { inspectAgrees } from './ovl-06-inspect-agrees.ts'
import { taskInterfaces } from './ovl-07-interfaces.ts'
import { twoOverlays } from './ovl-08-two-overlays.ts'
import { isolated } from './ovl-09-isolation.ts'
import { unpublishedPorts } from './ovl-10-unpublished-ports.ts'
import { attachableOnly } from './ovl-11-attachable.ts'
import { nothingLeft } from './ovl-12-nothing-left.ts'
import { sizeWarning } from './ovl-13-size-warning.ts'
import { stackNetwork } from './ovl-14-stack-network.ts'
import { placementHolds } from './ovl-15-placement.ts'
import { outsidersKeptOut } from './ovl-16-outsiders-kept-out.ts'
import { withoutOverlay } from './ovl-17-without-overlay.ts'
import { stackAgain } from './ovl-18-stack-again.ts'

export const overlayNetworks: Suite = {
  group: 'OVL',
  title: groupTitles.OVL,
  tests: [
    defaultNetworks,
    instantiatedOnDemand,
    fullMesh,
    subnetHonoured,
    assignedSubnet,
    inspectAgrees,
    taskInterfaces,
    twoOverlays,
    isolated,
    unpublishedPorts,
    attachableOnly,
    nothingLeft,
    sizeWarning,
    stackNetwork,
    placementHolds,
    outsidersKeptOut,
    withoutOverlay,
    stackAgain,
  ],
}
