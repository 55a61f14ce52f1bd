import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, readdir, stat } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { InputError } from '../error.ts'
import { tryLocal } from './local-command.ts'

/** An engine that is given as files, in place of one from the archive. */
export interface EnginePackage {
  /** Debian packages, or programs that need no others. */
  readonly kind: 'packages' | 'programs'
  /** By name. */
  readonly files: readonly EngineFile[]
}

export interface EngineFile {
  readonly name: string
  readonly path: string
  /** Hexadecimal. */
  readonly sha256: string
}

/** What an engine is made of; the others are started by it, and looked for on its path. */
const programs = [
  'containerd',
  'containerd-shim-runc-v2',
  'docker',
  'docker-proxy',
  'dockerd',
  'runc',
] as const

const largestFileBytes = 512 * 1024 * 1024

/**
 * Reads what `--engine-package` names: Debian packages for amd64, one of which holds dockerd, or one folder with the
 * programs of an engine for x86-64. Nothing of it is run.
 * @throws InputError `ENGINE_PACKAGE` that says which file is not as it must be
 */
export async function readEnginePackage(paths: readonly string[]): Promise<EnginePackage> {
  const [only, ...others] = paths
  if (only === undefined) throw wrong('--engine-package names nothing', '')
  if (others.length === 0 && (await statOf(only)).isDirectory()) return readPrograms(resolve(only))
  return readPackages(paths.map((path) => resolve(path)))
}

/** For people: `docker-ce_29.1.deb and 2 more`. */
export function describeEnginePackage({ files }: EnginePackage): string {
  const [first, ...others] = files
  return `${first?.name ?? 'nothing'}${others.length === 0 ? '' : ` and ${others.length} more`}`
}

/** What tells one from another, wherever its files are. */
export function enginePackageKey({ kind, files }: EnginePackage): object {
  return { kind, files: files.map(({ name, sha256 }) => ({ name, sha256 })) }
}

async function readPackages(paths: readonly string[]): Promise<EnginePackage> {
  const files: EngineFile[] = []
  const engines: string[] = []
  for (const path of paths) {
    if ((await statOf(path)).isDirectory())
      throw wrong('a folder of programs goes alone, packages are files', path)
    const name = basename(path)
    if (!/^[A-Za-z0-9][A-Za-z0-9._+~-]*\.deb$/.test(name))
      throw wrong('neither a folder nor a Debian package, whose name ends in .deb', path)
    if (files.some((file) => file.name === name)) throw wrong('a package of that name is given twice', path)
    if ((await headOf(path, 8)).toString('latin1') !== '!<arch>\n')
      throw wrong('it is no Debian package', path)
    const { exitCode, stdout, stderr } = await tryLocal('dpkg-deb', ['--field', path, 'Architecture'])
    if (exitCode !== 0) throw wrong(`dpkg-deb cannot read it: ${stderr.trim().slice(-200)}`, path)
    const architecture = stdout.trim()
    if (architecture !== 'amd64' && architecture !== 'all')
      throw wrong(`it is for ${architecture.slice(0, 40)}, and guests are amd64`, path)
    const list = await tryLocal('dpkg-deb', ['--contents', path])
    if (list.exitCode !== 0) throw wrong(`dpkg-deb cannot list it: ${list.stderr.trim().slice(-200)}`, path)
    if (/ \.\/usr\/s?bin\/dockerd$/m.test(list.stdout)) engines.push(name)
    files.push({ name, path, sha256: await digestOf(path) })
  }
  const names = files.map(({ name }) => name).join(', ')
  if (engines.length !== 1)
    throw wrong(
      engines.length === 0
        ? `none of these packages holds /usr/bin/dockerd: ${names}`
        : `more than one holds dockerd: ${engines.join(', ')}`,
      '',
    )
  return { kind: 'packages', files: files.toSorted(byName) }
}

async function readPrograms(folder: string): Promise<EnginePackage> {
  const names = (await listed(folder)).filter((name) => /^[a-z][a-z0-9.-]*$/.test(name)).sort()
  const missing = programs.filter((name) => !names.includes(name))
  if (missing.length > 0) throw wrong(`the folder lacks ${missing.join(', ')}`, folder)
  const files: EngineFile[] = []
  for (const name of names) {
    const path = join(folder, name)
    if (!(await statOf(path)).isFile()) {
      if (programs.some((program) => program === name)) throw wrong('it is a folder, not a program', path)
      continue
    }
    if (isForeign(await headOf(path, 20))) throw wrong('it is no program for x86-64', path)
    files.push({ name, path, sha256: await digestOf(path) })
  }
  return { kind: 'programs', files }
}

async function listed(folder: string): Promise<readonly string[]> {
  return readdir(folder).catch((cause: unknown) => {
    throw wrong('it cannot be read', folder, cause)
  })
}

/** ELF of 64 bits, little-endian, e_machine 62. */
function isForeign(head: Buffer): boolean {
  return !(
    head.length === 20 &&
    head.readUInt32BE(0) === 0x7f454c46 &&
    head[4] === 2 &&
    head[5] === 1 &&
    head.readUInt16LE(18) === 62
  )
}

async function statOf(path: string) {
  const found = await stat(path).catch((cause: unknown) => {
    throw wrong('there is no such file or folder, or it cannot be read', path, cause)
  })
  if (found.isFile() && found.size > largestFileBytes) throw wrong('it is larger than 512 MiB', path)
  if (!found.isFile() && !found.isDirectory()) throw wrong('it is neither a file nor a folder', path)
  return found
}

async function headOf(path: string, bytes: number): Promise<Buffer> {
  const file = await open(path).catch((cause: unknown) => {
    throw wrong('it cannot be read', path, cause)
  })
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(bytes), 0, bytes, 0)
    return buffer.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}

export async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}

function byName(a: EngineFile, b: EngineFile): number {
  return a.name < b.name ? -1 : 1
}

function wrong(what: string, path: string, cause?: unknown): InputError {
  return new InputError({
    code: 'ENGINE_PACKAGE',
    what: path === '' ? what : `${path}: ${what}`,
    expected: `Debian packages for amd64, one of them with dockerd, or one folder with ${programs.join(', ')}`,
    ...(cause === undefined ? {} : { cause }),
  })
}
