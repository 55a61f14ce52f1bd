import { sh } from '../script.ts'
import type { Script } from '../script.ts'

/**
 * Shell text that ties a command to the channel it runs on. sshd lets remote processes outlive their channel
 * and does not pass signals on, so the end of standard input is the signal: a watcher in the background reads
 * it and, at its end, interrupts and then kills the command's process group.
 *
 * The command replaces the shell that started the watcher, not the other way round: a background process of a
 * non-interactive shell ignores SIGINT, and the command must not.
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

/** Descriptor 3 is the channel, 6 what the command will read, 5 the writing end of a pipe to it. */
function script(input: Input, rootBy: RootBy): Script {
  const watcher = (untilReleased: Script): Script => watch(untilReleased, rootBy)
  if (input === 'none') {
    return sh`exec 3<&0
${watcher(sh`while read -r _ <&3; do :; done`)}
exec /bin/sh -c "$1" </dev/null 3<&-`
  }
  if (input === 'pipe') {
    const passOn = sh`exec 6<&-; cat <&3 >&5; exec 5>&-; linger ${endOfInputGraceMs / pollMs}`
    return sh`exec 3<&0
d=$(mktemp -d) && mkfifo "$d/in" && exec 4<>"$d/in" 5>"$d/in" 6<"$d/in" 4>&- && rm -r "$d" || exit 125
${watcher(passOn)}
exec /bin/sh -c "$1" <&6 3<&- 5>&- 6<&-`
  }
  return sh`exec 3<&0
t=$(mktemp) && exec 4>"$t" 5<"$t" 6<"$t" && rm "$t" || exit 125
head -c ${input.bytes} <&3 >&4; exec 4>&-
[ "$(wc -c <&5)" -eq ${input.bytes} ] || { echo "swarmproof: input cut short" >&2; exit 125; }
exec 5<&-
${watcher(sh`exec 6<&-; while read -r _ <&3; do :; done`)}
exec /bin/sh -c "$1" <&6 3<&- 6<&-`
}

/**
 * `$$` stays the id of the command in the background too, and cannot be given to another process while the
 * watcher is a member of the process group of that name. If the command has ended by then, nothing is done:
 * what it left in the background on purpose lives on.
 *
 * The first `kill` is without `--`, which dash's takes for a number.
 */
function watch(untilReleased: Script, rootBy: RootBy): Script {
  const [interruptPolls, killPolls] = [secondInterruptMs / pollMs, (killGraceMs - secondInterruptMs) / pollMs]
  return sh`linger() { n=0; while [ $n -lt "$1" ] && kill -0 $$; do sleep 0.25 || sleep 1; n=$((n + 1)); done; }
{ ${untilReleased}
kill -0 $$ || exit 0
${rootBy === 'sudo' ? groupBehindSudo : sh`group=-$$`}; kill -0 $group || group=$$
kill -INT $group; linger ${interruptPolls}
kill -INT $group; linger ${killPolls}; kill -KILL $group
} >/dev/null 2>&1 &`
}

/**
 * Under sudo the command leads no process group: it is in sudo's own (the rule) or in one that sudo made for it (a
 * log of input and output). The kernel tells which group the watcher, its sibling, is in: the third field after the
 * name. If sudo is in it, it is signalled as well and waits for the command, for it heeds no signal from the group
 * of its own command.
 */
const groupBehindSudo = sh`read -r stat </proc/self/stat; stat=\${stat##*) }; stat=\${stat#* }; stat=\${stat#* }; group=-\${stat%% *}`
