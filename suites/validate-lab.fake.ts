import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Lab } from '../lib/host/host.ts'
import { packageRoot } from '../lib/package-root.ts'

/** What `swarmproof validate` said on both streams, and how it ended. */
export interface Validated {
  readonly exitCode: number
  readonly told: string
}

/**
 * The hosts of a lab verified as existing ones, over SSH, as a user does who has them; reports go to `folder`. `onSaid` is
 * called with all that was said so far, whenever more is.
 */
export async function validateLab(
  lab: Lab,
  folder: string,
  selection: readonly string[],
  onSaid: (said: string) => void = () => undefined,
): Promise<Validated> {
  const inventory = join(folder, 'hosts.yml')
  writeFileSync(inventory, inventoryOf(lab))
  const program = join(packageRoot(), 'bin', 'swarmproof.js')
  const words = ['validate', '-i', inventory, '--ssh-config', 'none', '--known-hosts', knownHostsOf(lab)]
  const all = [program, ...words, ...selection, '--report-dir', join(folder, 'reports')]
  const child = spawn(process.execPath, all, { stdio: ['ignore', 'pipe', 'pipe'] })
  let told = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      told += String(chunk)
      onSaid(told)
    })
  const [exitCode] = (await once(child, 'close')) as [number]
  return { exitCode, told }
}

/** The file that holds the keys of a lab's hosts. */
export function knownHostsOf(lab: Lab): string {
  const first = lab.sshArguments(lab.hosts[0]?.name ?? '')
  return first.find((word) => word.startsWith('UserKnownHostsFile='))?.split('=')[1] ?? ''
}

/** A lab's hosts as existing ones: the text of a YAML inventory. */
export function inventoryOf(lab: Lab): string {
  const hosts = lab.hosts.map(({ name, underlays }) => {
    const words = lab.sshArguments(name)
    const after = (flag: string): string => words[words.indexOf(flag) + 1] ?? ''
    const [{ address = '' } = {}] = Object.values(underlays)
    return `  ${name}: { address: 'root@127.0.0.1:${after('-p')}', key: '${after('-i')}', advertise: ${address} }`
  })
  return `hosts:\n${hosts.join('\n')}\n`
}
