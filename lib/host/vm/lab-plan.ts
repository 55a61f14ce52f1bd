import { impairedAttachments } from '../../topology/impaired-attachments.ts'
import type { NodeSpec, Topology } from '../../topology/topology.ts'
import { InputError } from '../../error.ts'
import type { Acceleration } from './acceleration.ts'
import type { PublicIdentity } from './lab-directory.ts'
import { newMachineId } from './identity.ts'
import { guestMacAddress } from './machine-arguments.ts'
import type { MachineShape } from './machine-arguments.ts'
import { largestSwitchMtuBytes } from './switch.ts'

/** Every machine gets one card per underlay, so that all of one size can be clones of one template. */
export function shapeOf(node: NodeSpec, topology: Topology, acceleration: Acceleration): MachineShape {
  return {
    accelerator: acceleration.accelerator,
    memoryMib: node.memoryMib,
    cpus: node.cpus,
    underlayCards: topology.underlays.length,
  }
}

/** Interface of an underlay in every guest; eth0 is for management. */
export function guestInterface(underlayIndex: number): string {
  return `eth${underlayIndex + 1}`
}

export function planIdentity(
  topology: Topology,
  nodeIndex: number,
  keys: { readonly hostPublicKey: string; readonly clientPublicKey: string },
): PublicIdentity {
  const node = topology.nodes[nodeIndex]
  if (node === undefined) throw new RangeError(`no node ${nodeIndex}`)
  return {
    ...keys,
    hostName: node.name,
    machineId: newMachineId(),
    managementMac: guestMacAddress(nodeIndex + 1, 0),
    underlays: topology.underlays.flatMap((underlay, index) => {
      const address = node.addresses[underlay.name]
      if (address === undefined) return []
      return [
        {
          interface: guestInterface(index),
          mac: guestMacAddress(nodeIndex + 1, index + 1),
          address: `${address}/${underlay.subnet.split('/')[1] ?? '24'}`,
          mtuBytes: underlay.mtuBytes,
        },
      ]
    }),
    impaired: impairedAttachments(node, topology),
    neighbours: topology.nodes.flatMap(({ name, addresses }) => {
      const address = addresses[topology.swarm.advertise]
      return address === undefined ? [] : [{ name, address }]
    }),
  }
}

/** What virtual machines cannot be, although the topology is valid. */
export function refuseImpossibleForVms(topology: Topology): void {
  for (const underlay of topology.underlays) {
    if (underlay.mtuBytes > largestSwitchMtuBytes) {
      throw new InputError({
        code: 'UNDERLAY_MTU_TOO_LARGE',
        what: `underlay '${underlay.name}' of topology '${topology.name}' cannot have an MTU of ${underlay.mtuBytes} between virtual machines`,
        expected: `at most ${largestSwitchMtuBytes} bytes: the virtual switch carries no larger frames`,
        observed: `mtuBytes: ${underlay.mtuBytes}`,
        hint: 'lower mtuBytes, or use hosts you already have',
      })
    }
  }
}
