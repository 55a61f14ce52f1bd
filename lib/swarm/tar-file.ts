/** An entry of an archive; `size` and modes are those of root's files. */
export type TarEntry =
  | { readonly kind: 'file'; readonly path: string; readonly mode: number; readonly content: Uint8Array }
  | { readonly kind: 'link'; readonly path: string; readonly target: string }
  | { readonly kind: 'folder'; readonly path: string; readonly mode: number }

const blockBytes = 512
const typeFlags = { file: '0', link: '2', folder: '5' } as const

/**
 * An archive in the ustar format (POSIX.1-1988), which engines read; the same entries give the same bytes.
 *
 *     name 100 | mode 8 | uid 8 | gid 8 | size 12 | mtime 12 | checksum 8 | type 1 | link 100 | "ustar\0" "00" | …
 *
 * Paths and targets have at most 100 bytes.
 */
export function tarFile(entries: readonly TarEntry[]): Buffer {
  const parts = entries.flatMap((entry) => {
    const content = entry.kind === 'file' ? Buffer.from(entry.content) : Buffer.alloc(0)
    const padding = Buffer.alloc((blockBytes - (content.length % blockBytes)) % blockBytes)
    return [header(entry, content.length), content, padding]
  })
  return Buffer.concat([...parts, Buffer.alloc(2 * blockBytes)])
}

function header(entry: TarEntry, size: number): Buffer {
  const block = Buffer.alloc(blockBytes)
  const octal = (value: number, offset: number, width: number): void =>
    void block.write(`${value.toString(8).padStart(width - 1, '0')}\0`, offset, 'latin1')
  block.write(entry.path, 0, 100, 'utf8')
  octal(entry.kind === 'link' ? 0o777 : entry.mode, 100, 8)
  octal(0, 108, 8)
  octal(0, 116, 8)
  octal(size, 124, 12)
  octal(0, 136, 12)
  block.write('        ', 148, 'latin1')
  block.write(typeFlags[entry.kind], 156, 'latin1')
  if (entry.kind === 'link') block.write(entry.target, 157, 100, 'utf8')
  block.write('ustar\u000000', 257, 'latin1')
  const checksum = block.reduce((sum, byte) => sum + byte, 0)
  block.write(`${checksum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return block
}
