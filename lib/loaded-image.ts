/**
 * The registry in the names of images that were loaded, not pulled. No engine can be sent there by anybody: `.invalid`
 * is nobody's (RFC 6761, 6.4), and with a label of more than 63 octets (RFC 1035, 2.3.4) the name fits in no query, so
 * that a look-up fails at once, however slow the nameservers are.
 */
const nowhere = 'swarmproof-loads-its-images-and-no-registry-on-earth-may-provide-them.invalid'

/**
 * What commands call an image by, so that no engine asks a registry for it: its id, at which a task does not pull
 * (Moby, daemon/cluster/executor/container/adapter.go: pullImage), or a name that no registry can have.
 */
export type LoadedImage = `sha256:${string}` | `${typeof nowhere}/${string}`

/** @param tag letters, digits, dots and hyphens */
export function loadedImageName(tag: string): LoadedImage {
  if (!/^[A-Za-z0-9][A-Za-z0-9.-]{0,127}$/.test(tag)) throw new RangeError(`'${tag}' is not an image tag`)
  return `${nowhere}/probe:${tag}`
}

/** What the images of labs are called in them. */
export const labImage = loadedImageName('2')

/** @throws RangeError for what is not an image id */
export function imageId(text: string): `sha256:${string}` {
  if (isImageId(text)) return text
  throw new RangeError(`'${text}' is not an image id`)
}

/** What a service that was built before runs; undefined for a name that a registry could have. */
export function loadedImage(text: string): LoadedImage | undefined {
  return isImageId(text) || isLoadedName(text) ? text : undefined
}

function isImageId(text: string): text is `sha256:${string}` {
  return /^sha256:[0-9a-f]{64}$/.test(text)
}

function isLoadedName(text: string): text is `${typeof nowhere}/${string}` {
  return text.startsWith(`${nowhere}/`) && /^[a-z]+:[A-Za-z0-9.-]+$/.test(text.slice(nowhere.length + 1))
}
