/** An interface with one address, as a kernel lists it. */
export interface ListedLink {
  readonly name: string
  readonly index?: number
  /** `bridge`, `vxlan`; of a physical one there is none. */
  readonly kind?: string
  readonly address: string
  readonly prefixLength: number
}

/** Lines of the section `netlink`, with as much of each message as is read; what kernels say is in `recorded/netlink-6.18`. */
export function netlinkLines(...links: readonly ListedLink[]): string {
  const indexed = links.map((link, at) => ({ index: at + 2, ...link }))
  const messages = (of: readonly Buffer[]): string =>
    Buffer.concat(of.map((body) => Buffer.concat([u32(4 + body.length), body]))).toString('base64')
  return [
    `links ${messages(
      indexed.map(({ name, index, kind }) =>
        Buffer.concat([
          ...[u32(0), u32(index), u32(1), u32(0)],
          ...[attribute(3, text(name)), attribute(4, u32(1500))],
          ...(kind === undefined ? [] : [attribute(18, attribute(1, text(kind)))]),
        ]),
      ),
    )}`,
    `addresses ${messages(
      indexed.map(({ index, address, prefixLength }) =>
        Buffer.concat([
          Buffer.from([2, prefixLength, 0, 0]),
          ...[u32(index), attribute(2, Buffer.from(address.split('.').map(Number)))],
        ]),
      ),
    )}`,
  ].join('\n')
}

const text = (value: string): Buffer => Buffer.from(`${value}\0`)

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

function attribute(type: number, value: Buffer): Buffer {
  const head = Buffer.alloc(4)
  head.writeUInt16LE(4 + value.length)
  head.writeUInt16LE(type, 2)
  return Buffer.concat([head, value, Buffer.alloc(-value.length & 3)])
}
