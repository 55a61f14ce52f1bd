/** A piece of one output of a command in a container. */
export interface DockerPiece {
  readonly output: 'stdout' | 'stderr'
  readonly bytes: Buffer
}

const headerBytes = 8

/**
 * Takes an engine's multiplexed stream apart as it arrives, however it was cut. Docker Engine API, "Attach to a
 * container", stream format: a header of eight bytes (1 stdout or 2 stderr, three zeros, the length in big endian),
 * then that many bytes. dockerode's own takes no notice of a reader that is slow.
 */
export class DockerFrames {
  #header = Buffer.alloc(0)
  #output: DockerPiece['output'] = 'stdout'
  #left = 0

  /** True where a stream may end. */
  get isBetweenFrames(): boolean {
    return this.#left === 0 && this.#header.length === 0
  }

  /** @throws RangeError for a header that is none */
  take(chunk: Buffer): DockerPiece[] {
    const pieces: DockerPiece[] = []
    let at = 0
    while (at < chunk.length) {
      if (this.#left === 0) {
        const missing = headerBytes - this.#header.length
        this.#header = Buffer.concat([this.#header, chunk.subarray(at, at + missing)])
        at = Math.min(chunk.length, at + missing)
        if (this.#header.length === headerBytes) this.#readHeader()
        continue
      }
      const bytes = chunk.subarray(at, at + this.#left)
      pieces.push({ output: this.#output, bytes })
      this.#left -= bytes.length
      at += bytes.length
    }
    return pieces
  }

  #readHeader(): void {
    const [kind, ...zeros] = this.#header.subarray(0, 4)
    if ((kind !== 1 && kind !== 2) || zeros.some((byte) => byte !== 0)) {
      throw new RangeError(`not a frame header: ${this.#header.toString('hex')}`)
    }
    this.#output = kind === 1 ? 'stdout' : 'stderr'
    this.#left = this.#header.readUInt32BE(4)
    this.#header = Buffer.alloc(0)
  }
}
