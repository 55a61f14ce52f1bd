import type { Suite } from '../lib/conformance/suite.ts'
import { addressing } from './ADR/index.ts'
import { controlPlane } from './CTL/index.ts'
import { serviceDiscovery } from './DSC/index.ts'
import { enc } from './ENC/index.ts'
import { gatewayBridge } from './GWB/index.ts'
import { ing } from './ING/index.ts'
import { lb } from './LB/index.ts'
import { mtu } from './MTU/index.ts'
import { overlayNetworks } from './OVL/index.ts'
import { resilience } from './RES/index.ts'
import { vxl } from './VXL/index.ts'

/** Everything that is verified, in the order it is verified. */
export const suites: readonly Suite[] = [
  controlPlane,
  overlayNetworks,
  vxl,
  enc,
  mtu,
  serviceDiscovery,
  lb,
  ing,
  gatewayBridge,
  addressing,
  resilience,
]
