import { Command } from 'commander'

interface Flags {
  readonly json?: true
  readonly all?: true
  readonly vxlanPort?: string[]
  readonly filter?: string[]
}

const examples = `
Examples:
  $ swarmproof inspect eth1.pcap                            what is on this wire, as a page
  $ swarmproof inspect eth1.pcapng.gz --json                the same for programs
  $ ssh node1 tcpdump -i eth1 -w - | swarmproof inspect -   from standard input
  $ swarmproof inspect eth1.pcap --vxlan-port 7777          a data-path port of your own
  $ swarmproof inspect eth1.pcap --filter vni=4097          one overlay network
  $ swarmproof inspect eth1.pcap --filter spi=0xc60bc1f5    one security association
  $ swarmproof inspect eth1.pcap --filter address=10.91.1.6 --filter address=10.91.1.8
                                                            only between these two (outer or inner)

Reads pcap and pcapng, plain or gzip, of any size. Of a damaged or truncated capture, what can be
read is shown, and the page says that it is damaged or truncated; the exit code is then 0 as well. Exit code 64 if the input cannot be read as a capture at all.`

/** `swarmproof inspect FILE`: the ledger of a capture, as a page or as JSON. */
export function inspectCommand(): Command {
  return new Command('inspect')
    .summary('tell what is in a capture: VXLAN networks, ESP, flows')
    .description(
      'Tells what is in a capture file: VXLAN networks with their inner flows, ESP, flows, fragments.',
    )
    .argument('<file>', "pcap or pcapng, gzip or not; '-' reads standard input")
    .option('--json', 'print the ledger as JSON')
    .option('--all', 'list every flow on the page, not only the largest')
    .option('--vxlan-port <port>', 'UDP port that carries VXLAN; repeat for several (default: 4789)', collect)
    .option('--filter <key=value>', 'vni=N, spi=0xN or address=IP; repeat to narrow further', collect)
    .addHelpText('after', examples)
    .action(inspect)
}

async function inspect(file: string, flags: Flags): Promise<void> {
  const { vxlanPorts, filter } = await chosen(flags)
  const { readLedger } = await import('./inspect-input.ts')
  const { printJson, printPage } = await import('./inspect-output.ts')
  const inspection = await readLedger(file, vxlanPorts, filter)
  if (flags.json === true) await printJson(inspection)
  else await printPage(inspection, flags.all === true)
}

/** Modules are loaded where they are needed: a small capture is told before many programs have started. */
async function chosen({ vxlanPort, filter }: Flags) {
  if (vxlanPort === undefined && filter === undefined) return {}
  const { parseFilters, parsePort } = await import('./inspect-options.ts')
  return { vxlanPorts: vxlanPort?.map(parsePort), filter: filter && parseFilters(filter) }
}

const collect = (value: string, values: string[] = []): string[] => [...values, value]
