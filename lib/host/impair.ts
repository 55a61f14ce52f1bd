import type { Script } from '../script.ts'
import { scriptFile } from '../script-file.ts'
import { type ImpairedAttachment, impairmentsOf } from '../topology/impaired-attachments.ts'
import type { Topology } from '../topology/topology.ts'

/**
 * Impairs what a host sends onto these underlays, by a netem discipline on each interface; what was there before goes.
 * For hosts of our own alone. Where the module sch_netem is not loaded, tc has the kernel load it: whoever shares a
 * kernel looks before.
 */
export function impairScript(impaired: readonly ImpairedAttachment[]): Script {
  return scriptFile(import.meta.url, 'impair.sh', {}, netemWords(impaired))
}

/** The same as text for a shell that is given `netemWords`. */
export const impairProgram: Script = scriptFile(import.meta.url, 'impair.sh')

/** Five words an underlay, as `impair.sh` takes them. */
export function netemWords(impaired: readonly ImpairedAttachment[]): readonly string[] {
  return impaired.flatMap(({ address, impairment }) => {
    const { delayMs, lossPercent, rateKbit, reorderPercent } = impairment
    return [
      address,
      delayMs === undefined ? '' : `${delayMs}ms`,
      lossPercent === undefined ? '' : `${lossPercent}%`,
      rateKbit === undefined ? '' : `${rateKbit}kbit`,
      reorderPercent === undefined ? '' : `${reorderPercent}%`,
    ]
  })
}

/** For a lab's facts; nothing where nothing is impaired. */
export function impairmentFact(topology: Topology): Readonly<Record<string, string>> {
  const impairments = impairmentsOf(topology)
  return impairments.length === 0
    ? {}
    : { 'impaired on purpose': `${impairments.join('; ')}; at every sender` }
}
