import { readDistribution } from '../../setup/distribution.ts'
import type { GuestImage } from '../../setup/guest-image.ts'
import { guestRecipe } from '../../setup/guest-recipe.ts'
import { ensureSetup } from '../../setup/setup.ts'
import type { Setup } from '../../setup/setup.ts'
import type { EngineName } from '../../topology/engine.ts'
import type { NodeSpec, Topology } from '../../topology/topology.ts'
import type { StartOptions } from '../host.ts'

/** What the machines of a lab are made from. */
export interface Guests extends Setup {
  /** The image of the first node; those of the others may differ. */
  readonly image: GuestImage
  readonly imageOf: (node: Pick<NodeSpec, 'engine'>) => GuestImage
}

/** Makes this machine ready for this lab: the image of an engine that is needed for the first time is built. */
export async function prepareGuests(
  topology: Topology,
  options: Pick<StartOptions, 'progress' | 'signal'>,
): Promise<Guests> {
  const engines = [...new Set(topology.nodes.map((node) => node.engine))]
  // All are looked up before one is built: an engine that cannot be had is refused at once.
  const distribution = await readDistribution()
  for (const engine of engines) guestRecipe(distribution, engine)
  const setup = await ensureSetup(options, engines[0])
  const images = new Map<EngineName | undefined, GuestImage>([[engines[0], setup.image]])
  for (const engine of engines.slice(1)) images.set(engine, (await ensureSetup(options, engine)).image)
  const imageOf = ({ engine }: Pick<NodeSpec, 'engine'>): GuestImage => {
    const image = images.get(engine)
    if (image === undefined) throw new RangeError(`no image with engine ${engine ?? 'by default'}`)
    return image
  }
  return { ...setup, imageOf }
}
