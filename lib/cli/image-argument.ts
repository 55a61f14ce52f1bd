import { InvalidArgumentError } from 'commander'
import { imageReference } from '../identifier.ts'

/** An image by name, with tag or digest, or by id. */
export function imageArgument(text: string): string {
  try {
    return imageReference(text)
  } catch {
    throw new InvalidArgumentError(
      `'${text}' is not an image; write e.g. registry.example/tools:1, or an id such as sha256:….`,
    )
  }
}
