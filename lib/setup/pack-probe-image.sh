#!/bin/sh
# Packs the folder `tree` for the processor `machine` into the file `archive`. Arguments: what makes the layer the same
# whenever it is made, as far as the tar there knows such.
: "${tag?}" "${tree?}" "${machine?}" "${archive?}"
image=$(mktemp -d)
mkdir -p "$image/blobs/sha256"
# Moves what was made among the blobs, and says by which digest and size it is found there.
blob() {
  digest=$(sha256sum <"$image/blob" | cut -d ' ' -f 1)
  size=$(wc -c <"$image/blob")
  mv "$image/blob" "$image/blobs/sha256/$digest"
}
tar -c -f "$image/blob" "$@" -C "$tree" .
blob
layer=$digest layer_size=$size
printf '{"architecture":"%s","config":{"Cmd":["sh"]},"created":"1970-01-01T00:00:00Z","history":[{"created":"1970-01-01T00:00:00Z","created_by":"swarmproof"}],"os":"linux","rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' \
  "$machine" "$layer" >"$image/blob"
blob
config=$digest config_size=$size
printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:%s","size":%s},"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"sha256:%s","size":%s}]}' \
  "$config" "$config_size" "$layer" "$layer_size" >"$image/blob"
blob
printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:%s","size":%s,"annotations":{"io.containerd.image.name":"%s"}}]}' \
  "$digest" "$size" "$tag" >"$image/index.json"
printf '{"imageLayoutVersion":"1.0.0"}' >"$image/oci-layout"
printf '[{"Config":"blobs/sha256/%s","RepoTags":["%s"],"Layers":["blobs/sha256/%s"]}]' \
  "$config" "$tag" "$layer" >"$image/manifest.json"
tar -c -f "$archive" -C "$image" .
rm -rf "$image" "$tree"
