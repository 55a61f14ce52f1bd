import { readFile } from 'node:fs/promises'
import { gzipSync } from 'node:zlib'
import { InputError, SwarmproofError } from '../error.ts'
import type { Host } from '../host/host.ts'
import { type Progress, step } from '../progress.ts'
import { quote } from '../remote/script.ts'
import { probeImageOf } from './probe-task.ts'
import { readProgramFile } from './program-file.ts'
import { type TarEntry, tarFile } from './tar-file.ts'

export interface ProbeImageOptions {
  readonly progress: Progress
  /** What the image is to be called on the hosts. */
  readonly image: string
  /** Called before a host is given an image it did not have, so that it is removed again in any case. */
  readonly removes: (host: Host, image: string) => Promise<void>
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
 * registry. A host that has the image of labs gives that another name. For a host of another processor its own busybox
 * serves, if it has a static one.
 *
 * @throws InputError `PROBE_IMAGE_MACHINE` naming host and processor where neither is to be had
 */
export async function loadProbeImage(hosts: readonly Host[], options: ProbeImageOptions): Promise<void> {
  const own = await ownBusybox()
  await Promise.all(
    hosts.map((host) =>
      step(options.progress, 'Loading the probe image', host.name, async (current) => {
        const archive = imageArchive(await busyboxFor(host, own))
        await options.removes(host, options.image)
        const tag = `docker tag ${quote(probeImageOf({}))} ${quote(options.image)}`
        if ((await host.remote.exec(tag)).exitCode === 0) return current.update('it was there')
        current.update(`${(archive.length / 1_048_576).toFixed(1)} MiB`)
        const command = `docker import --change 'CMD ["sh"]' - ${quote(options.image)}`
        const result = await host.remote.exec(command, { input: archive, timeoutMs: loadWithinMs })
        if (result.exitCode !== 0) throw refused('docker import', host, result.stderr)
      }),
    ),
  )
}

/** Pulls the image on every host that does not have it. */
export async function pullProbeImage(hosts: readonly Host[], options: ProbeImageOptions): Promise<void> {
  const { image } = options
  await Promise.all(
    hosts.map((host) =>
      step(options.progress, `Pulling ${image}`, host.name, async (current) => {
        const has = await host.remote.exec(`docker image inspect ${quote(image)}`, { idempotent: true })
        if (has.exitCode === 0) return current.update('it was there')
        await options.removes(host, image)
        const result = await host.remote.exec(`docker pull --quiet ${quote(image)}`, { timeoutMs: 600_000 })
        if (result.exitCode !== 0) throw refused(`docker pull ${image}`, host, result.stderr)
      }),
    ),
  )
}

/** How large the upload to each host is; undefined where this machine has no busybox to make it from. */
export async function probeImageBytes(): Promise<number | undefined> {
  const own = await ownBusybox()
  return own === undefined ? undefined : imageArchive(own).length
}

/** What `docker import` is given: busybox under the names tasks call it by. Compressed, for it travels. */
export function imageArchive(busybox: Uint8Array): Buffer {
  const text = (path: string, content: string): TarEntry => ({
    kind: 'file',
    path,
    mode: 0o644,
    content: Buffer.from(content),
  })
  const folders = ['bin', 'www', 'etc', 'proc', 'sys', 'dev', 'root']
  return gzipSync(
    tarFile([
      ...folders.map((path): TarEntry => ({ kind: 'folder', path, mode: 0o755 })),
      { kind: 'folder', path: 'tmp', mode: 0o1777 },
      { kind: 'file', path: 'bin/busybox', mode: 0o755, content: busybox },
      ...applets.map((name): TarEntry => ({ kind: 'link', path: `bin/${name}`, target: 'busybox' })),
      text('etc/passwd', 'root:x:0:0:root:/root:/bin/sh\n'),
      text('etc/group', 'root:x:0:\n'),
    ]),
  )
}

async function ownBusybox(): Promise<Buffer | undefined> {
  for (const path of busyboxPaths) {
    const bytes = await readFile(path).catch(() => undefined)
    if (bytes !== undefined && readProgramFile(bytes)?.isStatic === true) return bytes
  }
  return undefined
}

async function busyboxFor(host: Host, own: Buffer | undefined): Promise<Buffer> {
  const { stdout } = await host.remote.exec('uname -m', { idempotent: true })
  const machine = stdout.trim()
  if (own !== undefined && readProgramFile(own)?.machine === machine) return own
  for (const path of busyboxPaths) {
    const bytes = await host.remote.download(path).catch(() => undefined)
    if (bytes === undefined) continue
    const program = readProgramFile(bytes)
    if (program?.isStatic === true && program.machine === machine) return bytes
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
