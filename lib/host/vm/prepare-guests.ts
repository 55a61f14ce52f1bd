import { readDistribution } from '../../setup/distribution.ts'
import type { GuestImage } from '../../setup/guest-image.ts'
import { type GuestKind, guestRecipe } from '../../setup/guest-recipe.ts'
import { ensureSetup } from '../../setup/setup.ts'
import type { Setup } from '../../setup/setup.ts'
import type { NodeSpec, Topology } from '../../topology/topology.ts'
import type { StartOptions } from '../host.ts'

/** What tells the image of one node from that of another. */
type Flavour = Pick<NodeSpec, 'engine' | 'init'>

/** What the machines of a lab are made from. */
export interface Guests extends Setup {
  /** The image of the first node; those of the others may differ. */
  readonly image: GuestImage
  readonly imageOf: (node: Flavour) => GuestImage
}

/** Makes this machine ready for this lab: the image of an engine that is needed for the first time is built. */
export async function prepareGuests(
  topology: Topology,
  options: Pick<StartOptions, 'progress' | 'signal'>,
  given: Pick<GuestKind, 'enginePackage'> = {},
): Promise<Guests> {
  const flavours = new Map<string, Flavour>(topology.nodes.map((node) => [flavourKey(node), node]))
  // All are looked up before one is built: an engine that cannot be had is refused at once.
  const distribution = await readDistribution()
  for (const flavour of flavours.values()) guestRecipe(distribution, { ...flavourOf(flavour), ...given })
  const images = new Map<string, GuestImage>()
  let first: Setup | undefined
  for (const [key, flavour] of flavours) {
    const made = await ensureSetup(options, { ...flavourOf(flavour), ...given })
    first ??= made
    images.set(key, made.image)
  }
  if (first === undefined) throw new RangeError(`topology ${topology.name} has no nodes`)
  const imageOf = (node: Flavour): GuestImage => {
    const image = images.get(flavourKey(node))
    if (image === undefined) throw new RangeError(`no image was prepared for ${flavourKey(node)}`)
    return image
  }
  return { ...first, imageOf }
}

function flavourOf({ engine, init }: Flavour): Flavour {
  return { ...(engine === undefined ? {} : { engine }), ...(init === undefined ? {} : { init }) }
}

function flavourKey({ engine, init }: Flavour): string {
  return `engine ${engine ?? 'by default'}, init ${init ?? 'script'}`
}
