import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import type { LoadedImage } from '../loaded-image.ts'
import { type TarEntry, tarFile } from './tar-file.ts'

/** An image of one layer as `docker load` takes it. The same layer gives the same bytes and ids, wherever it is made. */
export interface ImageArchive {
  /** Compressed, for it travels. */
  readonly bytes: Buffer
  /** What engines with graph drivers call it: the digest of its configuration. */
  readonly configId: `sha256:${string}`
  /** What engines with the containerd image store call it: the digest of its manifest. */
  readonly manifestId: `sha256:${string}`
}

/** Processors by the names of `uname -m` and as images name them (Go's GOARCH). */
const architectures: Readonly<Record<string, string>> = {
  aarch64: 'arm64',
  armv7l: 'arm',
  i686: '386',
  ppc64le: 'ppc64le',
  riscv64: 'riscv64',
  s390x: 's390x',
  x86_64: 'amd64',
}

const epoch = '1970-01-01T00:00:00Z'

/**
 * An OCI image layout (image-spec v1, image-layout.md) with the `manifest.json` of `docker save` beside it: engines
 * with graph drivers read the latter, the containerd image store the former, and neither rewrites what it reads.
 */
export function archiveOf(layer: Buffer, machine: string, name: LoadedImage): ImageArchive {
  const [layerBlob, config] = [blob(layer), blob(configuration(layer, machine))]
  const manifest = blob(
    json({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      config: { mediaType: 'application/vnd.oci.image.config.v1+json', ...described(config) },
      layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar', ...described(layerBlob) }],
    }),
  )
  const index = json({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: [
      {
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        ...described(manifest),
        annotations: { 'io.containerd.image.name': name },
      },
    ],
  })
  const legacy = json([{ Config: config.path, RepoTags: [name], Layers: [layerBlob.path] }])
  const file = (path: string, content: Buffer): TarEntry => ({ kind: 'file', path, mode: 0o644, content })
  return {
    configId: config.digest,
    manifestId: manifest.digest,
    bytes: gzipSync(
      tarFile([
        { kind: 'folder', path: 'blobs', mode: 0o755 },
        { kind: 'folder', path: 'blobs/sha256', mode: 0o755 },
        ...[layerBlob, config, manifest].map(({ path, content }) => file(path, content)),
        file('oci-layout', json({ imageLayoutVersion: '1.0.0' })),
        file('index.json', index),
        file('manifest.json', legacy),
      ]),
    ),
  }
}

function configuration(layer: Buffer, machine: string): Buffer {
  return json({
    architecture: architectures[machine] ?? machine,
    config: { Cmd: ['sh'] },
    created: epoch,
    history: [{ created: epoch, created_by: 'swarmproof' }],
    os: 'linux',
    rootfs: { type: 'layers', diff_ids: [sha256(layer)] },
  })
}

interface Blob {
  readonly path: string
  readonly digest: `sha256:${string}`
  readonly content: Buffer
}

function blob(content: Buffer): Blob {
  const digest = sha256(content)
  return { digest, content, path: `blobs/sha256/${digest.slice('sha256:'.length)}` }
}

function described({ digest, content }: Blob): { digest: string; size: number } {
  return { digest, size: content.length }
}

function sha256(content: Buffer): `sha256:${string}` {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value))
}
