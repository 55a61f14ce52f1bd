/** What an ELF file says about where it can run. */
export interface ProgramFile {
  /** As `uname -m` calls it; undefined for one that is not known here. */
  readonly machine: string | undefined
  /** It needs no loader and so no libraries of a distribution. */
  readonly isStatic: boolean
}

/** ELF's e_machine (System V ABI) by the names of `uname -m`. */
const machines: Readonly<Record<number, string>> = {
  3: 'i686',
  21: 'ppc64le',
  22: 's390x',
  40: 'armv7l',
  62: 'x86_64',
  183: 'aarch64',
  243: 'riscv64',
}

const interpreterSegment = 3

/** Undefined for what is no ELF file, or one cut short. */
export function readProgramFile(bytes: Uint8Array): ProgramFile | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.byteLength < 64 || view.getUint32(0) !== 0x7f454c46) return undefined
  const isWide = view.getUint8(4) === 2
  const little = view.getUint8(5) === 1
  const table = isWide ? Number(view.getBigUint64(32, little)) : view.getUint32(28, little)
  const entryBytes = view.getUint16(isWide ? 54 : 42, little)
  const entries = view.getUint16(isWide ? 56 : 44, little)
  if (table + entries * entryBytes > bytes.byteLength) return undefined
  const kinds = Array.from({ length: entries }, (_, index) =>
    view.getUint32(table + index * entryBytes, little),
  )
  return {
    machine: machines[view.getUint16(18, little)],
    isStatic: !kinds.includes(interpreterSegment),
  }
}
