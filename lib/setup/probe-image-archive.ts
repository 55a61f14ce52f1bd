import { labImage } from '../loaded-image.ts'
import type { Script } from '../script.ts'
import { scriptFile } from '../script-file.ts'

/** Where hosts of labs have the image of probe tasks, as `docker load` takes it. */
export const probeImageFile = '/usr/lib/swarmproof/probe-image.tar'

/**
 * A script that packs the folder `$tree` as an image of one layer for the processor `$machine` (Go's GOARCH) into the
 * file `$archive`: an OCI image layout with the `manifest.json` of `docker save` beside it, as
 * `lib/swarm/image-archive.ts` makes it for existing hosts; `$tree` is gone then. It needs tar, sha256sum, wc, cut and mktemp.
 *
 * @param tarOptions what makes the layer the same whenever it is made, as far as the tar there knows such
 */
export function packProbeImage(tarOptions: readonly string[]): Script {
  return scriptFile(import.meta.url, 'pack-probe-image.sh', { tag: labImage }, tarOptions)
}
