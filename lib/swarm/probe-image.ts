import { readFile } from 'node:fs/promises'
import { InputError, SwarmproofError } from '../error.ts'
import type { Host } from '../host/host.ts'
import { imageId, labImage, type LoadedImage } from '../loaded-image.ts'
import { type Progress, step } from '../progress.ts'
import { type Script, sh } from '../script.ts'
import { docker } from './docker.ts'
import { archiveOf, type ImageArchive } from './image-archive.ts'
import { readProgramFile } from './program-file.ts'
import { type TarEntry, tarFile } from './tar-file.ts'

export interface LoadOptions {
  readonly progress: Progress
  /** What the image is called on the hosts. */
  readonly name: LoadedImage
  /**
   * Called before a host is given an image or a name it did not have, so that it is removed again in any case.
   * `ids`: what the image may be called there where it has lost its name.
   */
  readonly removes: (host: Host, image: string, ids?: readonly string[]) => Promise<void>
}

export interface PullOptions extends LoadOptions {
  /** What a registry calls it. */
  readonly image: string
}

/** Where a static busybox is, on this machine and on others: Debian's busybox-static, before and after /usr was merged. */
const busyboxPaths = ['/bin/busybox', '/usr/bin/busybox', '/bin/busybox.static', '/sbin/busybox']
const loadWithinMs = 180_000

/** What tasks call; busybox finds out by its name which of them it is. */
const applets = [
  'sh', 'hostname', 'dd', 'mkdir', 'httpd', 'sleep', 'cat', 'echo', 'true', 'false', 'test', 'wget', 'ping',
  'nslookup', 'nc', 'ip', 'ls', 'ps', 'kill', 'grep', 'sed', 'env', 'rm', 'cp', 'id', 'uname', 'date', 'traceroute',
] // prettier-ignore

/**
 * Brings every host the image that probe tasks run, made here from a static busybox: one upload of about 1 MB each, no
 * registry. For a host of another processor its own busybox serves, if it has a static one.
 *
 * @returns what commands are to call it by; see `commonImage`
 * @throws InputError `PROBE_IMAGE_MACHINE` naming host and processor where neither is to be had
 */
export async function loadProbeImage(hosts: readonly Host[], options: LoadOptions): Promise<LoadedImage> {
  const { progress, name, removes } = options
  const own = await ownBusybox()
  const ids = await Promise.all(
    hosts.map((host) =>
      step(progress, 'Loading the probe image', host.name, async (current) => {
        const { machine, busybox } = await busyboxFor(host, own)
        const archive = imageArchive(busybox, machine, name)
        const ids = [archive.configId, archive.manifestId]
        await removes(host, name, ids)
        const there = await host.remote.exec(nameImage(ids, name))
        if (there.exitCode === 0) {
          current.update('it was there')
          return there.stdout
        }
        current.update(`${(archive.bytes.length / 1_048_576).toFixed(1)} MiB`)
        const load = sh`docker load --quiet >/dev/null && ${idOf(name)}`
        const result = await host.remote.exec(load, { input: archive.bytes, timeoutMs: loadWithinMs })
        if (result.exitCode !== 0) throw refused('docker load', host, result.stderr)
        return result.stdout
      }),
    ),
  )
  return commonImage(ids, name)
}

/**
 * Pulls the image on every host that does not have it, once, so that no task asks for it again.
 * @returns what commands are to call it by; see `commonImage`
 */
export async function pullProbeImage(hosts: readonly Host[], options: PullOptions): Promise<LoadedImage> {
  const { progress, image, name, removes } = options
  const pulled = await Promise.all(
    hosts.map((host) =>
      step(progress, `Pulling ${image}`, host.name, async (current) => {
        const has = await host.remote.exec(idOf(image), { idempotent: true })
        if (has.exitCode === 0) {
          current.update('it was there')
          return { host, id: has.stdout }
        }
        await removes(host, image)
        const pull = sh`docker pull --quiet ${image} >/dev/null && ${idOf(image)}`
        const result = await host.remote.exec(pull, { timeoutMs: 600_000 })
        if (result.exitCode !== 0) throw refused(`docker pull ${image}`, host, result.stderr)
        await removes(host, image, [imageId(result.stdout.trim())])
        return { host, id: result.stdout }
      }),
    ),
  )
  const common = commonImage(
    pulled.map(({ id }) => id),
    name,
  )
  if (common === name)
    await Promise.all(
      pulled.map(async ({ host, id }) => {
        await removes(host, name)
        const result = await host.remote.exec(nameImage([imageId(id.trim())], name))
        if (result.exitCode !== 0) throw refused(`docker tag ${image}`, host, result.stderr)
      }),
    )
  return common
}

/** What commands are to call the image by that every host of a lab has under this name; see `commonImage`. */
export async function standingImage(hosts: readonly Host[], name: LoadedImage): Promise<LoadedImage> {
  const ids = await Promise.all(hosts.map((host) => docker(host, idOf(name))))
  return commonImage(ids, name)
}

/**
 * The id, where all hosts have the same: a task that is given an id asks no registry. Nodes of different processors or
 * image stores have different ones; there the name serves, for which each task looks in vain, without a wait.
 */
function commonImage(ids: readonly string[], name: LoadedImage): LoadedImage {
  const [first = '', ...others] = ids.map((id) => imageId(id.trim()))
  return first !== '' && others.every((id) => id === first) ? first : name
}

function idOf(image: string): Script {
  return sh`docker image inspect --format ${'{{.Id}}'} ${image}`
}

/** Gives the first of these ids that is there the name, and prints it; fails where none is. */
function nameImage(ids: readonly string[], name: LoadedImage): Script {
  return sh`for id in ${ids}; do id=$(docker image inspect --format ${'{{.Id}}'} "$id" 2>/dev/null) || continue; docker tag "$id" ${name} && echo "$id"; exit; done; exit 1`
}

/** How large the upload to each host is; undefined where this machine has no busybox to make it from. */
export async function probeImageBytes(): Promise<number | undefined> {
  const own = await ownBusybox()
  return own === undefined ? undefined : imageArchive(own, 'x86_64', labImage).bytes.length
}

/** What `docker load` is given: busybox under the names tasks call it by. */
export function imageArchive(busybox: Uint8Array, machine: string, name: LoadedImage): ImageArchive {
  const text = (path: string, content: string): TarEntry => ({
    kind: 'file',
    path,
    mode: 0o644,
    content: Buffer.from(content),
  })
  const folders = ['bin', 'www', 'etc', 'proc', 'sys', 'dev', 'root']
  return archiveOf(
    tarFile([
      ...folders.map((path): TarEntry => ({ kind: 'folder', path, mode: 0o755 })),
      { kind: 'folder', path: 'tmp', mode: 0o1777 },
      { kind: 'file', path: 'bin/busybox', mode: 0o755, content: busybox },
      ...applets.map((name): TarEntry => ({ kind: 'link', path: `bin/${name}`, target: 'busybox' })),
      text('etc/passwd', 'root:x:0:0:root:/root:/bin/sh\n'),
      text('etc/group', 'root:x:0:\n'),
    ]),
    machine,
    name,
  )
}

async function ownBusybox(): Promise<Buffer | undefined> {
  for (const path of busyboxPaths) {
    const bytes = await readFile(path).catch(() => undefined)
    if (bytes !== undefined && readProgramFile(bytes)?.isStatic === true) return bytes
  }
  return undefined
}

async function busyboxFor(
  host: Host,
  own: Buffer | undefined,
): Promise<{ readonly machine: string; readonly busybox: Buffer }> {
  const { stdout } = await host.remote.exec(sh`uname -m`, { idempotent: true })
  const machine = stdout.trim()
  if (own !== undefined && readProgramFile(own)?.machine === machine) return { machine, busybox: own }
  for (const path of busyboxPaths) {
    const bytes = await host.remote.download(path).catch(() => undefined)
    if (bytes === undefined) continue
    const program = readProgramFile(bytes)
    if (program?.isStatic === true && program.machine === machine) return { machine, busybox: bytes }
  }
  const here =
    own === undefined ? 'this machine has no static busybox' : `this machine has one for ${process.arch}`
  throw new InputError({
    code: 'PROBE_IMAGE_MACHINE',
    what: `no static busybox for its processor (${machine}) to make the probe image from`,
    host: host.name,
    observed: `${here}, and the host has none either`,
    hint:
      own === undefined
        ? 'apt-get install busybox-static here or on the host, or name an image with --probe-image'
        : 'apt-get install busybox-static on the host, or name an image for its processor with --probe-image',
  })
}

function refused(what: string, host: Host, stderr: string): SwarmproofError {
  return new SwarmproofError({
    code: 'PROBE_IMAGE',
    what: `${what} failed`,
    host: host.name,
    observed: stderr.trim().slice(-400),
    hint: 'name an image the hosts can pull with --probe-image; it needs sh and httpd as busybox has them',
  })
}
