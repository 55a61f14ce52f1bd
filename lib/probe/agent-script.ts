import { perlFile } from '../script-file.ts'

/**
 * The agent that sends probes on a host, `agent.pl`: Perl, using nothing but the interpreter, because perl-base is on every
 * Debian and Ubuntu and loading Socket or POSIX would cost half a second on an emulated host.
 *
 * One process for a call, no children: a socket stays in the network namespace it was made in, so the agent enters each
 * namespace only to make sockets there and serves all of them from one select loop. It ends at the end of its
 * input, on SIGINT, and by an alarm; nothing is left then.
 *
 * Numbers of system calls and socket options are those of Linux on x86_64, aarch64 and riscv64.
 * The lines it reads and writes are described in `agent-protocol.ts`.
 */
export const agentScript = perlFile(import.meta.url, 'agent.pl')
