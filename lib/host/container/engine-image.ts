import { InputError, SwarmproofError } from '../../error.ts'
import { step } from '../../progress.ts'
import type { EngineName } from '../../topology/engine.ts'
import type { NodeSpec, Topology } from '../../topology/topology.ts'
import type { Engine } from './engine.ts'
import { engineWords } from './engine-words.ts'
import { ensureCompleteImage } from './complete-image.ts'
import { followStream, hasImage } from './image-on-engine.ts'
import type { Context } from './image-on-engine.ts'
import { describeLocalImage, ensureLocalImage } from './local-image.ts'

/** What `--engine-image` says when the image is to be built from the packages of this machine's distribution. */
export const localImage = 'local'

/** An image on the engine that hosts can be made of: it has an engine, the tools and the probe image. */
export interface HostImage {
  readonly tag: string
  /** For the report: what it was made from. */
  readonly description: string
}

/** The image of docker's own that has this engine, or its newest one. */
export function standardImage(engine: EngineName | undefined): string {
  return engine === undefined ? 'docker:dind' : `docker:${engine}-dind`
}

/**
 * The image of each node's host, made ready on the engine. Without a named image it is docker's own; where that
 * cannot be had, one is built from this machine's packages, and that is said.
 * @throws InputError where one image is named for nodes that ask for engines
 */
export async function hostImages(
  engine: Engine,
  topology: Topology,
  named: string | undefined,
  context: Context,
): Promise<(node: NodeSpec) => HostImage> {
  const engines = [...new Set(topology.nodes.map((node) => node.engine))]
  const asking = engines.find((one) => one !== undefined)
  if (named !== undefined && named !== localImage && asking !== undefined) {
    throw new InputError({
      code: 'ENGINE_IMAGE_FIXED',
      what: `topology ${topology.name} asks for engine ${asking}, and --engine-image ${named} is one engine for all hosts`,
      hint: `use only one of the two, or type --engine-image ${localImage}`,
    })
  }
  const images = new Map<EngineName | undefined, HostImage>()
  for (const one of engines) images.set(one, await hostImage(engine, one, named, context))
  return (node) => {
    const image = images.get(node.engine)
    if (image === undefined) throw new RangeError(`no image with engine ${node.engine ?? 'by default'}`)
    return image
  }
}

async function hostImage(
  engine: Engine,
  wanted: EngineName | undefined,
  named: string | undefined,
  context: Context,
): Promise<HostImage> {
  const fromPackages = async (): Promise<HostImage> => ({
    tag: await ensureLocalImage(engine, wanted, context),
    description: await describeLocalImage(wanted),
  })
  if (named === localImage) return fromPackages()
  const base = named ?? standardImage(wanted)
  try {
    await ensurePulled(engine, base, context)
  } catch (error) {
    if (named !== undefined || !(error instanceof SwarmproofError) || error.code !== 'ENGINE_IMAGE_MISSING')
      throw error
    context.progress.note(
      `${base} cannot be had (${error.detail.observed ?? ''}): hosts are built from this machine's own packages instead`,
    )
    return fromPackages()
  }
  const tag = await ensureCompleteImage(engine, base, context)
  return { tag, description: tag === base ? base : `${base} with the tools it lacked` }
}

async function ensurePulled(engine: Engine, tag: string, context: Context): Promise<void> {
  if (await hasImage(engine, tag)) return
  await step(context.progress, `Pulling ${tag}`, undefined, async (current) => {
    try {
      const stream = await engine.docker.pull(tag, { abortSignal: context.signal })
      await followStream(engine, stream, current)
    } catch (error) {
      context.signal.throwIfAborted()
      throw new SwarmproofError({
        code: 'ENGINE_IMAGE_MISSING',
        what: `the image hosts are made of is not on the engine and cannot be pulled: ${tag}`,
        observed: engineWords(error),
        hint: `give an existing one with --engine-image, or have one built from this machine's packages: --engine-image ${localImage}`,
        cause: error,
      })
    }
  })
}
