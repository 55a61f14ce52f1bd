import { basename } from 'node:path'
import type { Capture, CapturePoint, Recording } from '../../../lib/capture/capture.ts'
import type { ObserveContext } from '../../../lib/conformance/context.ts'
import { missingOf } from '../../../lib/conformance/missing.ts'
import { wireSeen } from '../../../lib/conformance/wire-seen.ts'
import type { WireSeen } from '../../../lib/observation/frame.ts'
import type { Part } from '../../../lib/observation/part.ts'
import { MissingTool } from '../../../lib/missing-tool.ts'

/** What interfaces carried, by `node` or, of several on one node, `node interface`, with the namespace it is in. */
export type Wires = Readonly<Record<string, Part<WireSeen>>>

/** Where to record; `mac` of an interface that is not in the host's own namespace, whose card the facts do not know. */
export type WirePoint = CapturePoint & { readonly mac?: string }

/** By what a wire is found among several of one node. */
export function wireNameOf({ host, interface: name, namespace }: CapturePoint): string {
  return `${host.name} ${name}${namespace === undefined ? '' : ` in ${basename(namespace)}`}`
}

/**
 * Records while `work` sends probes, and reduces what was recorded to data. Where hosts lack the tools, the work is done
 * with no captures, and its wires say what is missing.
 *
 * @param words that are sent, by name: packets that hold one are told by it
 * @param reduce what else is to be kept of the packets themselves, as plain JSON
 */
export async function withWires<T extends object, R extends object = object>(
  { wire, facts }: Pick<ObserveContext, 'wire' | 'facts'>,
  points: readonly WirePoint[],
  words: Readonly<Record<string, string>>,
  work: (captures: readonly Capture[]) => Promise<T>,
  reduce: (recordings: readonly Recording[]) => R = () => ({}) as R,
): Promise<T & R & { readonly wires: Wires }> {
  const several = new Set(points.map(({ host }) => host.name)).size < points.length
  const keyOf = (point: CapturePoint): string => (several ? wireNameOf(point) : point.host.name)
  if (new Set(points.map(keyOf)).size < points.length)
    throw new Error(`two captures would have one name: ${points.map(keyOf).join(', ')}`)
  const macOf = ({ host, interface: name, namespace, mac }: WirePoint): string | undefined =>
    mac ??
    (namespace === undefined ? facts.nodes.find((node) => node.name === host.name)?.macs[name] : undefined)
  let begun = false
  try {
    const { result, recordings } = await wire.during(points, (captures) => {
      begun = true
      return work(captures)
    })
    // In the order of the points.
    const wires = points.flatMap((point, index) => {
      const recording = recordings[index]
      return recording === undefined
        ? []
        : [[keyOf(point), wireSeen(recording, { mac: macOf(point), words })] as const]
    })
    return { ...result, ...reduce(recordings), wires: Object.fromEntries(wires) }
  } catch (error) {
    if (begun || !(error instanceof MissingTool)) throw error
    const missing = missingOf(error)
    return {
      ...(await work([])),
      ...reduce([]),
      wires: Object.fromEntries(points.map((point) => [keyOf(point), { missing }])),
    }
  }
}

/** On hosts that carry other people’s traffic: what was not kept, and so not judged, by what it was. */
export function passedOverTable(wires: Iterable<WireSeen>): Readonly<Record<string, unknown>> {
  const counts = [...wires].filter(({ passedOver }) => Object.keys(passedOver).length > 0)
  if (counts.length === 0) return {}
  return {
    'packets that are not the run’s, counted and not looked into': Object.fromEntries(
      counts.map(({ node, passedOver }) => [node, passedOver]),
    ),
  }
}
