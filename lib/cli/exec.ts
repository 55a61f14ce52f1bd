import { Command } from 'commander'
import { ExitCode, InputError } from '../error.ts'
import { standingLabs } from '../host/standing-labs.ts'
import { sh } from '../script.ts'
import { stderr, stdout } from './output.ts'
import { hostNamed, release, whichLab } from './which-lab.ts'

export function execCommand(): Command {
  return new Command('exec')
    .summary('run a command on a node of a standing lab')
    .description('Runs a command on a node of a standing lab, as root, and ends with its exit code.')
    .argument('<node>', 'name of the node')
    .argument('<command...>', 'the command and its arguments; a single word is given to the shell as it is')
    .option('--lab <id>', 'which lab, when several stand')
    .passThroughOptions()
    .addHelpText('after', examples)
    .action(exec)
}

async function exec(node: string, given: string[], flags: { readonly lab?: string }): Promise<void> {
  const words = given[0] === '--' ? given.slice(1) : given
  if (words.length === 0) throw new InputError({ code: 'NO_COMMAND', what: 'no command to run was given' })
  const lab = await whichLab(standingLabs(), flags.lab)
  try {
    // A single word is a script of the user's own, run by a shell that is given it as a word.
    const command = words.length === 1 ? sh`exec sh -c ${words}` : sh`${words}`
    const remote = await hostNamed(lab, node).remote.spawn(command)
    // Byte for byte, as `ssh HOST CMD` does: what the user runs there is the user's.
    stdout.passThrough(remote.stdout)
    stderr.passThrough(remote.stderr)
    process.once('SIGINT', () => void remote.stop())
    stdout.ended.then(() => remote.stop()).catch(() => undefined)
    const { exitCode } = await remote.exited
    process.exitCode = stdout.end !== undefined ? ExitCode.readerLeft : exitCode < 0 ? 130 : exitCode
  } finally {
    await release(lab)
  }
}

const examples = `
Examples:
  swarmproof exec manager -- docker node ls
  swarmproof exec worker1 -- 'ip xfrm policy | head'`
