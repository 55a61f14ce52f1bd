import { labImage } from '../loaded-image.ts'
import { type Script, sh } from '../script.ts'

/** Where hosts of labs have the image of probe tasks, as `docker load` takes it. */
export const probeImageFile = '/usr/lib/swarmproof/probe-image.tar'

/**
 * A script that packs the folder `$tree` as an image of one layer for the processor `$machine` (Go's GOARCH) into the
 * file `$archive`: an OCI image layout with the `manifest.json` of `docker save` beside it, as
 * `lib/swarm/image-archive.ts` makes it for existing hosts. It needs tar, sha256sum, wc, cut and mktemp.
 *
 * @param tarOptions what makes the layer the same whenever it is made, as far as the tar there knows such
 */
export function packProbeImage(tarOptions: readonly string[]): Script {
  const config =
    '{"architecture":"%s","config":{"Cmd":["sh"]},"created":"1970-01-01T00:00:00Z","history":[{"created":"1970-01-01T00:00:00Z","created_by":"swarmproof"}],"os":"linux","rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}'
  const manifest =
    '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:%s","size":%s},"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"sha256:%s","size":%s}]}'
  const index = `{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:%s","size":%s,"annotations":{"io.containerd.image.name":"${labImage}"}}]}`
  const legacy = `[{"Config":"blobs/sha256/%s","RepoTags":["${labImage}"],"Layers":["blobs/sha256/%s"]}]`
  return sh`image=$(mktemp -d)
mkdir -p "$image/blobs/sha256"
# Moves what was made among the blobs, and says by which digest and size it is found there.
blob() {
  digest=$(sha256sum < "$image/blob" | cut -d ' ' -f 1)
  size=$(wc -c < "$image/blob")
  mv "$image/blob" "$image/blobs/sha256/$digest"
}
tar -c -f "$image/blob" ${tarOptions} -C "$tree" .
blob
layer=$digest layer_size=$size
printf ${config} "$machine" "$layer" > "$image/blob"
blob
config=$digest config_size=$size
printf ${manifest} "$config" "$config_size" "$layer" "$layer_size" > "$image/blob"
blob
printf ${index} "$digest" "$size" > "$image/index.json"
printf '{"imageLayoutVersion":"1.0.0"}' > "$image/oci-layout"
printf ${legacy} "$config" "$layer" > "$image/manifest.json"
tar -c -f "$archive" -C "$image" .
rm -rf "$image"`
}
