import { type Script, scriptLines, sh } from '../script.ts'
import { scriptFile } from '../script-file.ts'

/**
 * Shell text that ties a command to the channel it runs on. sshd lets remote processes outlive their channel
 * and does not pass signals on, so the end of standard input is the signal: a watcher in the background reads
 * it and, at its end, interrupts and then kills the command's process group.
 *
 * The command replaces the shell that started the watcher, not the other way round: a background process of a
 * non-interactive shell ignores SIGINT, and the command must not.
 *
 * Under sudo the command leads no process group: it is in sudo's own (the rule) or in one that sudo made for it (a
 * log of input and output). The kernel tells which group the watcher, its sibling, is in. If sudo is in it, it is
 * signalled as well and waits for the command, for it heeds no signal from the group of its own command.
 */
export type Input = 'none' | 'pipe' | { readonly bytes: number }

/** Whose rights commands have: those of the login, or root's by way of sudo. */
export type RootBy = 'login' | 'sudo'

/** Linux refuses a single argument of 128 KiB (MAX_ARG_STRLEN), its end included; the login shell gets the line as one. */
export const maxLineBytes = 128 * 1024 - 1
/** Quoting and the watcher need some of it. */
export const maxCommandBytes = 100 * 1024

/** How long the command may go on after SIGINT before SIGKILL. */
export const killGraceMs = 5_000
/** How long a command that reads its input may go on after the end of it before SIGINT. */
export const endOfInputGraceMs = 2_000

/** dash loses a SIGINT that arrives while it is about to become the command, so there is a second one. */
const secondInterruptMs = 1_000
const pollMs = 250

/** A line for the login shell of the remote user, whatever it is: it quotes as `sh` does, or the words need no quotes. */
export function withLifeline(command: string, input: Input, rootBy: RootBy = 'login'): string {
  const asRoot = rootBy === 'sudo' ? sudo : sh``
  return sh`exec ${asRoot} /bin/sh -c ${script(input, rootBy).text} sh ${command}`.text
}

/** Never asks for a password; with root's home, where docker keeps its settings. */
export const sudo: Script = sh`sudo -n -H --`

function script(input: Input, rootBy: RootBy): Script {
  return scriptLines([
    scriptFile(import.meta.url, 'lifeline-end.sh', {
      root_by: rootBy,
      interrupt_polls: secondInterruptMs / pollMs,
      kill_polls: (killGraceMs - secondInterruptMs) / pollMs,
    }),
    input === 'none'
      ? scriptFile(import.meta.url, 'lifeline-none.sh')
      : input === 'pipe'
        ? scriptFile(import.meta.url, 'lifeline-pipe.sh', { end_of_input_polls: endOfInputGraceMs / pollMs })
        : scriptFile(import.meta.url, 'lifeline-bytes.sh', { bytes: input.bytes }),
  ])
}
