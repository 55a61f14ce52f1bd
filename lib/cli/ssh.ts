import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { Command } from 'commander'
import { SwarmproofError } from '../error.ts'
import { VmProvider } from '../host/vm/vm-provider.ts'
import { hostOf, release, whichLab } from './which-lab.ts'

export function sshCommand(): Command {
  return new Command('ssh')
    .summary('open a shell on a node of a standing lab')
    .description('Opens a root shell on a node of a standing lab with the OpenSSH client.')
    .argument('<node>', 'name of the node')
    .option('--lab <id>', 'which lab, when several stand')
    .addHelpText('after', examples)
    .action(ssh)
}

async function ssh(node: string, flags: { readonly lab?: string }): Promise<void> {
  const lab = await whichLab(new VmProvider(), flags.lab)
  const host = hostOf(lab, node)
  await release(lab)
  const client = spawn('ssh', [...lab.sshArguments(host.name)], { stdio: 'inherit' })
  // Ctrl-C belongs to the remote shell.
  process.on('SIGINT', () => undefined)
  client.on('error', (cause) => {
    client.emit('close', 70, null, cause)
  })
  const [exitCode, , cause] = (await once(client, 'close')) as [number | null, string | null, Error?]
  if (cause !== undefined) {
    throw new SwarmproofError({
      code: 'SSH_CLIENT',
      what: 'the OpenSSH client could not be started',
      observed: cause.message,
      hint: 'apt-get install openssh-client, or use `swarmproof exec`',
      cause,
    })
  }
  process.exitCode = exitCode ?? 1
}

const examples = `
Examples:
  swarmproof ssh worker1
  swarmproof ssh manager --lab three-node-1a2b`
