import type { Layers, Protocol } from './packet.ts'
import type { LayerDecoder } from './walk.ts'

/**
 * One protocol of captured packets. A layer is a literal in a file of its own and a line in `layers.ts`; its file adds
 * the type of what it decodes to `Layers`:
 *
 *     declare module './packet.ts' {
 *       interface Layers { lldp: LldpLayer }
 *     }
 */
export interface PacketLayer<Name extends Protocol = Protocol> {
  readonly name: Name
  /** Never throws; see `Walk` for how it says what is malformed or cut off. */
  readonly decode: LayerDecoder
  /** It follows Ethernet, VLAN tags and cooked headers that say one of these. */
  readonly etherTypes?: readonly number[]
  /** It follows IP headers that say one of these. */
  readonly ipProtocols?: readonly number[]
  /** What `--filter address=` finds it by. */
  addresses?(layer: Layers[Name]): readonly string[]
  /** What a packet says that carries it, in a few words, where it comes last; else its addresses and numbers are told. */
  summarize?(layer: Layers[Name]): string
}

/** For the table, which holds layers of all types. */
export function packetLayer<const Name extends Protocol>(layer: PacketLayer<Name>): PacketLayer {
  return layer
}
