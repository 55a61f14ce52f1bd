/**
 * A link to a file of the run's folder, relative to the report. Undefined for anything that would lead out of it;
 * that is shown as text only. A scheme cannot survive: its colon is encoded.
 */
export function relativeLink(file: string): string | undefined {
  const segments = file.replace(/^\.\//, '').split('/')
  if (segments.some((segment) => ['', '.', '..'].includes(segment) || segment.includes('\\')))
    return undefined
  try {
    return segments.map((segment) => encodeURIComponent(segment)).join('/')
  } catch {
    return undefined // half a surrogate pair
  }
}
