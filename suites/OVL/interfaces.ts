import type { Link } from '../../lib/observe/host-state.ts'
import { contains, prefixLengthOf } from '../../lib/topology/cidr.ts'

/** A network a task must have one interface on. */
export interface Attachment {
  readonly network: string
  readonly subnet: string
  /** What the engine says the task has there; undefined where it does not tell. */
  readonly address?: string
}

/**
 * How a task's interfaces differ from one for each of its networks, in words. Aliases with a prefix length of 32 are
 * virtual IPs and must lie in the subnet of their interface's network.
 */
export function interfaceProblems(links: readonly Link[], expected: readonly Attachment[]): string[] {
  const owned = links.map((link) => ({ link, addresses: ipv4Of(link) }))
  const on = ({ subnet }: Attachment) =>
    owned.filter(({ addresses }) => addresses.some(({ address }) => contains(subnet, address)))
  return [
    ...expected.flatMap((attachment) => {
      const found = on(attachment)
      const [only, ...others] = found
      if (only === undefined) return [`has no interface on ${attachment.network} (${attachment.subnet})`]
      if (others.length > 0) {
        return [
          `has ${found.length} interfaces on ${attachment.network}: ${found.map(({ link }) => link.name).join(', ')}`,
        ]
      }
      return addressProblems(only.link, attachment)
    }),
    ...owned
      .filter(({ link }) => !expected.some((attachment) => on(attachment).some((one) => one.link === link)))
      .map(
        ({ link, addresses }) =>
          `has an interface more: ${link.name} (${addresses.map(({ address }) => address).join(', ') || 'no address'})`,
      ),
  ]
}

function addressProblems(link: Link, { network, subnet, address }: Attachment): string[] {
  const own = ipv4Of(link)
  const full = own.filter(({ prefixLength }) => prefixLength < 32)
  return [
    ...own
      .filter((one) => !contains(subnet, one.address))
      .map((one) => `${link.name}: ${one.address} is outside ${network}’s subnet ${subnet}`),
    ...full
      .filter((one) => contains(subnet, one.address) && one.prefixLength !== prefixLengthOf(subnet))
      .map(
        (one) => `${link.name}: ${one.address}/${one.prefixLength} on ${network}, whose subnet is ${subnet}`,
      ),
    ...(address === undefined || full.some((one) => one.address === address)
      ? []
      : [
          `${link.name}: the engine says ${address} on ${network}, the kernel has ${full.map((one) => one.address).join(', ')}`,
        ]),
  ]
}

function ipv4Of(link: Link) {
  return link.addresses.filter(({ family }) => family === 'inet')
}
