import { createReadStream, existsSync } from 'node:fs'
import { mkdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { SwarmproofError } from '../../error.ts'
import { step } from '../../progress.ts'
import { sudoPrefix } from '../../setup/sudo-prefix.ts'
import { requireDisk } from '../../setup/capacity.ts'
import { cacheDirectory } from '../../setup/directories.ts'
import { readDistribution } from '../../setup/distribution.ts'
import { containerRecipe, recipeKey } from '../../setup/guest-recipe.ts'
import { withLock } from '../../setup/lock.ts'
import { ensureSystemPackages, imageTools } from '../../setup/system-packages.ts'
import { removeTree, unpackSuite } from '../../setup/unpack-suite.ts'
import type { EngineName } from '../../topology/engine.ts'
import type { Engine } from './engine.ts'
import { followStream, hasImage } from './image-on-engine.ts'
import type { Context } from './image-on-engine.ts'
import { imageLabels } from './lab-labels.ts'

const repository = 'swarmproof/host'

/** Roots of hosts, as archives; engines come and go, and each is given its copy. */
export function rootsDirectory(): string {
  return join(cacheDirectory(), 'container-roots')
}

export async function localImageTag(engine: EngineName | undefined): Promise<string> {
  return `${repository}:${recipeKey(containerRecipe(await readDistribution(), engine))}`
}

export async function describeLocalImage(engine: EngineName | undefined): Promise<string> {
  const { suite } = containerRecipe(await readDistribution(), engine)
  return `packages of ${suite}, from this machine's own archive`
}

/** An image of hosts from the distribution's packages, on the engine. No registry is asked. */
export async function ensureLocalImage(
  engine: Engine,
  name: EngineName | undefined,
  context: Context,
): Promise<string> {
  const distribution = await readDistribution()
  const recipe = containerRecipe(distribution, name)
  const [key, tag] = [recipeKey(recipe), await localImageTag(name)]
  if (await hasImage(engine, tag)) return tag
  refuseOtherArchitecture(engine)
  const archive = join(rootsDirectory(), `${key}.tar`)
  await withLock(`${archive}.lock`, 'building the image of hosts', context, async () => {
    if (existsSync(archive)) return
    await ensureSystemPackages(distribution, context, imageTools)
    await requireDisk(rootsDirectory(), 2048, 'build the image of hosts')
    const work = join(rootsDirectory(), `${key}.building`)
    await removeTree(work)
    await mkdir(work, { recursive: true })
    const output = join(work, 'root.tar')
    const prefix = await sudoPrefix()
    const unpacking = { work, output, hooks: [], prefix, what: 'building the image of hosts' }
    context.progress.note(
      `building the image of hosts from this machine's own package archive (${recipe.suite}: ${recipe.packages.join(' ')})`,
    )
    try {
      await step(context.progress, `Building the image of hosts (${recipe.suite})`, undefined, (current) =>
        unpackSuite(recipe, unpacking, current, context),
      )
      await rename(output, archive)
    } finally {
      await removeTree(work)
    }
  })
  await step(context.progress, 'Giving the image to the engine', undefined, async (current) => {
    const changes = Object.entries(imageLabels).map(([label, value]) => `LABEL ${label}=${value}`)
    const stream = await engine.docker.importImage(createReadStream(archive), {
      ...{ repo: repository, tag: key, changes },
      abortSignal: context.signal,
    })
    await followStream(engine, stream, current)
  })
  return tag
}

function refuseOtherArchitecture({ architecture, endpoint }: Engine): void {
  const ours = { x64: 'x86_64', arm64: 'aarch64' }[process.arch as string]
  if (architecture === ours) return
  throw new SwarmproofError({
    code: 'ENGINE_ARCHITECTURE',
    what: "an image from this machine's packages does not run on the engine",
    expected: `an engine on ${ours ?? process.arch}`,
    observed: `${endpoint.url} is on ${architecture}`,
    hint: 'name an image for it: --engine-image docker:dind',
  })
}
