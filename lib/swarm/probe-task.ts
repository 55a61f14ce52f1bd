import { randomBytes } from 'node:crypto'
import { labImage, type LoadedImage } from '../loaded-image.ts'
import { sh } from '../script.ts'
import type { StackSpec } from '../topology/topology.ts'

/** What probe tasks run and below which name they serve it. */
export interface ProbeTask {
  readonly image: LoadedImage
  /**
   * Without it nothing is served. Whoever may read services of the swarm may read it there; others can only see it in
   * requests, on networks that are in clear.
   */
  readonly nonce: string
}

/** What commands call the image by: the name it has in labs where nothing else is said. */
export function probeImageOf({ probeImage = labImage }: Pick<StackSpec, 'probeImage'>): LoadedImage {
  return probeImage
}

export const bulkBytes = 262_144

export function newNonce(): string {
  return randomBytes(12).toString('hex')
}

/**
 * What a probe task does: serve its host name and a bulk file, both below the nonce; of anything else busybox says that
 * it is not there, and it lists no folder. The trap makes busybox end at once as PID 1.
 *
 * @throws Error for a stack without a nonce: its tasks would answer anybody
 */
export function taskScript({ probeNonce }: Pick<StackSpec, 'probeNonce'>): string {
  if (probeNonce === undefined || !isNonce(probeNonce))
    throw new Error('the stack has no nonce to serve below')
  const folder = `/www/${probeNonce}`
  return sh`mkdir -p ${folder}; hostname > ${`${folder}/index.html`}; dd if=/dev/urandom of=${`${folder}/bulk`} bs=65536 count=${bulkBytes / 65_536} 2>/dev/null; trap "exit 0" TERM; httpd -f -p 80 -h /www & wait`
    .text
}

/** The nonce that is in a task's script; undefined where it is no script of `taskScript`. */
export function nonceIn(script: string): string | undefined {
  const nonce = /^mkdir -p \/www\/([^;\s]+);/.exec(script)?.[1]
  return nonce !== undefined && isNonce(nonce) ? nonce : undefined
}

/** Where every probe task of a stack, and of tests beside it, serves its host name, or the bulk file. */
export function pagePath(
  { probeTask: { nonce } }: { readonly probeTask: ProbeTask },
  file: '' | 'bulk' = '',
): string {
  return `/${nonce}/${file}`
}

function isNonce(text: string): boolean {
  return /^[0-9a-f]{24}$/.test(text)
}
