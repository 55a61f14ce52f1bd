import type { Recording } from '../../lib/capture/capture.ts'
import { gossipPort, transportPayload } from '../scene/recordings/control-traffic.ts'
import type { Packet } from '../../lib/packet/packet.ts'
import { layerOf } from '../../lib/packet/query.ts'
import { type ClearForm, clearForm } from './gossip-cipher.ts'
import { readableNames } from './readable-names.ts'

/** A datagram of the gossip port that is no encrypted one, or shows a name. */
export interface ClearDatagram {
  /** Name of the node that recorded it, and its position in the capture file. */
  readonly node: string
  readonly index: number
  readonly form?: ClearForm
  /** Its first bytes in hexadecimal. */
  readonly begins: string
  readonly readable: readonly string[]
}

/** Matching is done where the bytes are: what a judgement gets are those that do not have the form of encrypted ones. */
export function clearDatagrams(recordings: readonly Recording[], names: readonly string[]): ClearDatagram[] {
  return recordings.flatMap(({ point, packets }) =>
    packets.filter(isOfGossipPort).flatMap((packet): ClearDatagram[] => {
      const payload = transportPayload(packet)
      const form = clearForm(payload)
      const readable = readableNames([Buffer.from(payload)], names)
      if (form === undefined && readable.length === 0) return []
      return [
        {
          ...{ node: point.host.name, index: packet.number, readable },
          ...(form === undefined ? {} : { form }),
          begins: Buffer.from(payload.subarray(0, 8)).toString('hex'),
        },
      ]
    }),
  )
}

function isOfGossipPort(packet: Packet): boolean {
  const udp = layerOf(packet, 'udp')
  return udp?.sourcePort === gossipPort || udp?.destinationPort === gossipPort
}
