import type { AskedPacket } from '../observe/who-decides.ts'
import { gatewayBridgeName } from '../topology/swarm-defaults.ts'
import type { LabView, Reported } from './lab-view.ts'

const fromOwnTask = 'own-node-not-answering-task'

/** Whether it was missed at a port of the node by somebody who asked from outside: what a node asks itself does not come in. */
export const isMissedAtPort = ({ kind, port, path, code, ...problem }: Reported, node: string): boolean =>
  kind === 'missed' &&
  port !== undefined &&
  problem.node === node &&
  (path?.from !== node || code === fromOwnTask)

/** A published port itself was silent, rather than a task behind it. */
export const isPortSilent = ({ code }: Reported): boolean =>
  /^(published-)?port-(not-answered|unanswered|silent)/.test(code)

/** As the node gets it: from whom and by which interface, as far as that is known. */
export function packetToPort(
  { code, port = 0, protocol = 'TCP', address, path }: Reported,
  node: string,
  { facts }: LabView,
): AskedPacket {
  const named = (name: string | undefined) => facts?.nodes.find((one) => one.name === name)?.advertise
  const own = named(node)
  const source = code === fromOwnTask ? undefined : named(path?.from)?.address
  const destination = address ?? own?.address
  const isOfNodes = source !== undefined && own !== undefined && destination === own.address
  const outside = isOfNodes ? own.interface : { noneOf: [gatewayBridgeName, 'lo'] }
  return {
    ...{ protocol: protocol.toLowerCase(), destinationPort: port, state: 'new' },
    ...{ fromHost: false, toHost: true, in: code === fromOwnTask ? gatewayBridgeName : outside },
    ...(source === undefined ? {} : { source }),
    ...(destination === undefined ? {} : { destination }),
  }
}
