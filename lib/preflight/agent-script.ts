import { type Script, sh } from '../script.ts'
import { perlFile } from '../script-file.ts'

/**
 * The agent that measures ports on a host, `agent.pl`: Perl, using nothing but the interpreter, because perl-base is on
 * every Debian and Ubuntu. It holds the ports that are free, watches the host's interfaces with a packet socket that the
 * kernel filters down to its own probes, sends what it is told to, and says what it saw. It makes no child and no file,
 * and ends at the end of its input, or by an alarm.
 *
 * Every datagram carries the same magic number and its own id, eight bytes behind the IP header's end: there UDP and
 * ICMP begin their payload, and ESP what follows its SPI and sequence number. As a VXLAN header the magic number has no
 * valid VNI flag, so the kernel drops what reaches a real VTEP.
 *
 * Reads, one line each: `limit SECONDS`, `listen tcp|udp ADDRESS PORT`, `listen esp`, `watch PORT…`, `end`,
 * `udp|esp|icmp ID SOURCE TARGET PORT BYTES`, `tcp ID SOURCE TARGET PORT SECONDS SAY`, `stop`.
 * Prints: `held tcp|udp PORT`, `blind WHY`, `ready`, `sent ID ERRNO`, `dial ID PORT`, `tcp ID connected|failed ERRNO`,
 * `out ID`, `in ID SOURCE`, `got ID SOURCE`, `syn out|in SOURCE PORT TARGET PORT`, `broken WHY`.
 */
export const preflightMagic = 0x73777066

export const preflightScript = perlFile(import.meta.url, 'agent.pl')

/** Runs the script; its input is the plan. */
export function preflightCommand(): Script {
  return sh`exec perl -e ${preflightScript} ${preflightMagic}`
}
