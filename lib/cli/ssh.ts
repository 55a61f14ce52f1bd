import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { Command } from 'commander'
import { SwarmproofError } from '../error.ts'
import { standingLabs } from '../host/standing-labs.ts'
import { hostNamed, release, whichLab } from './which-lab.ts'

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
  const lab = await whichLab(standingLabs(), flags.lab)
  const host = hostNamed(lab, node)
  await release(lab)
  const [program = 'ssh', ...words] = lab.shellCommand?.(host.name) ?? ['ssh', ...lab.sshArguments(host.name)]
  const client = spawn(program, words, { stdio: 'inherit' })
  // Ctrl-C belongs to the remote shell.
  process.on('SIGINT', () => undefined)
  client.on('error', (cause) => {
    client.emit('close', 70, null, cause)
  })
  const [exitCode, , cause] = (await once(client, 'close')) as [number | null, string | null, Error?]
  if (cause !== undefined) {
    throw new SwarmproofError({
      code: 'SSH_CLIENT',
      what: `${program} could not be started`,
      observed: cause.message,
      hint: `apt-get install ${program === 'ssh' ? 'openssh-client' : 'docker-cli'}, or use \`swarmproof exec\``,
      cause,
    })
  }
  process.exitCode = exitCode ?? 1
}

const examples = `
Examples:
  swarmproof ssh worker1
  swarmproof ssh manager --lab three-node-1a2b`
