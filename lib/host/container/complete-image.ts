import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SwarmproofError } from '../../error.ts'
import { step } from '../../progress.ts'
import { contentKey } from '../../setup/manifest.ts'
import { packProbeImage, probeImageFile } from '../../setup/probe-image-archive.ts'
import type { Engine } from './engine.ts'
import { followed, hasImage } from './image-on-engine.ts'
import type { Context } from './image-on-engine.ts'
import { engineWords } from './engine-words.ts'
import { imageLabels, partLabel } from './lab-labels.ts'
import { type Script, scriptLines, sh } from '../../script.ts'
import { scriptFile } from '../../script-file.ts'

/** What a host must have beside an engine, and what brings it where it is missing. */
const tools = [
  'dockerd docker sh perl tcpdump ip bridge nsenter unshare iptables iptables-save ipvsadm pgrep setsid',
  'mount sed mktemp mkfifo head readlink stat',
]
  .join(' ')
  .split(' ')

const alpine = 'perl tcpdump iproute2 ipvsadm iptables util-linux procps-ng ethtool curl'
const debian = 'perl-base tcpdump iproute2 ipvsadm iptables util-linux procps ethtool curl'

/**
 * Adds to an image what hosts need and it lacks. The probe image is busybox, whose static build comes from its own
 * image: distributions build theirs without an HTTP server.
 */
export function dockerfile(base: string): string {
  const probe = scriptLines([
    scriptFile(import.meta.url, 'probe-image-tree.sh', { archive: probeImageFile }),
    // One build serves all hosts of an engine, so its times may differ from those of another.
    packProbeImage([]),
  ])
  const install = scriptFile(import.meta.url, 'install-tools.sh', { alpine, debian })
  const run = ({ text }: Script): string => `RUN ${JSON.stringify(['/bin/sh', '-c', text])}`
  return [
    'FROM busybox:musl AS probe',
    `FROM ${base}`,
    run(install),
    'COPY --from=probe /bin/busybox /usr/lib/swarmproof/busybox',
    run(probe),
    ...Object.entries(imageLabels).map(([label, value]) => `LABEL ${label}=${value}`),
    '',
  ].join('\n')
}

/** The image itself if it has all that hosts need, else one made from it. It must be on the engine. */
export async function ensureCompleteImage(engine: Engine, base: string, context: Context): Promise<string> {
  const ready = await isComplete(engine, base)
  if (ready !== undefined) return ready
  if ((await lacking(engine, base)).length === 0) return base
  const tag = await completedTag(engine, base)
  const folder = await mkdtemp(join(tmpdir(), 'swarmproof-image-'))
  try {
    await step(context.progress, `Adding tools to ${base}`, undefined, async (current) => {
      await writeFile(join(folder, 'Dockerfile'), dockerfile(base))
      const stream = await engine.docker.buildImage(
        { context: folder, src: ['Dockerfile'] },
        { t: tag, forcerm: true, abortSignal: context.signal },
      )
      await followed(engine, stream, current)
    })
  } catch (error) {
    context.signal.throwIfAborted()
    throw new SwarmproofError({
      code: 'ENGINE_IMAGE_INCOMPLETE',
      what: `hosts cannot be made of ${base}`,
      expected: `an image with ${tools.join(', ')} and ${probeImageFile}, or one they can be added to`,
      observed: `without ${(await lacking(engine, base)).join(', ')}; adding them failed: ${engineWords(error)}`,
      hint: "have one built from this machine's packages: --engine-image local",
      cause: error,
    })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
  return tag
}

/** The tag of an image that is known to have everything, without trying; undefined if that is not known. */
async function isComplete(engine: Engine, base: string): Promise<string | undefined> {
  const inspected = await engine.docker
    .getImage(base)
    .inspect()
    .catch(() => undefined)
  if (inspected === undefined) return undefined
  if (inspected.Config.Labels?.[partLabel] === imageLabels[partLabel]) return base
  const tag = await completedTag(engine, base)
  return (await hasImage(engine, tag)) ? tag : undefined
}

/** A base that was pulled anew, or another Dockerfile, is another image. */
async function completedTag({ docker }: Engine, base: string): Promise<string> {
  const { Id } = await docker.getImage(base).inspect()
  return `swarmproof/host:${contentKey([Id, dockerfile(base)])}`
}

/** What the image lacks of what hosts need. */
async function lacking({ docker }: Engine, image: string): Promise<string[]> {
  const script = sh`for tool in ${tools}; do command -v "$tool" >/dev/null || echo "$tool"; done; [ -r ${probeImageFile} ] || echo ${probeImageFile}; echo done`
  const container = await docker.createContainer({
    ...{ Image: image, Entrypoint: ['/bin/sh', '-c', script.text], Cmd: [], Tty: true },
    Labels: { [partLabel]: 'trial' },
  })
  try {
    await container.start()
    await container.wait()
    const output = await container.logs({ stdout: true, stderr: true, follow: false })
    const words = output.toString('utf8').split(/\s+/).filter(Boolean)
    return words.includes('done') ? words.filter((word) => word !== 'done') : ['a shell']
  } catch {
    return ['a shell']
  } finally {
    await container.remove({ force: true, v: true }).catch(() => undefined)
  }
}
