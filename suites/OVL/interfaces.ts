import type { Problem } from '../../lib/observation/problem.ts'
import type { Link } from '../../lib/observe/host-state.ts'
import { contains, prefixLengthOf } from '../../lib/topology/cidr.ts'

/** A network a task must have one interface on. */
export interface ExpectedInterface {
  readonly network: string
  readonly subnet: string
  /** What the engine says the task has there; undefined where it does not tell. */
  readonly address?: string
}

/** Whose interfaces they are: the task's label, its node, and its service. */
export interface Owner {
  readonly node: string
  readonly service: string
  readonly subject: string
}

/**
 * How a task's interfaces differ from one for each of its networks. Aliases with a prefix length of 32 are virtual IPs
 * and must lie in the subnet of their interface's network.
 */
export function interfaceProblems(
  links: readonly Link[],
  expected: readonly ExpectedInterface[],
  owner: Owner,
): Problem[] {
  const on = ({ subnet }: ExpectedInterface) =>
    links.filter((link) => ipv4Of(link).some(({ address }) => isIn(subnet, address)))
  const unexpected = links.filter((link) => !expected.some((attachment) => on(attachment).includes(link)))
  return [
    ...expected.flatMap((attachment) => attachmentProblems(on(attachment), attachment, owner)),
    ...unexpected.map((link): Problem => ({
      ...{ ...owner, code: 'interface-unexpected', kind: 'seen', observed: interfaceText(link) },
    })),
  ]
}

/** Addresses of networks that a task is not attached to; `foreign`: their subnets by name. */
export function foreignAddresses(
  links: readonly Link[],
  foreign: Readonly<Record<string, string>>,
  owner: Owner,
): Problem[] {
  return links.flatMap((link) =>
    ipv4Of(link).flatMap(({ address }) =>
      Object.entries(foreign)
        .filter(([, subnet]) => isIn(subnet, address))
        .map(([network]): Problem => ({
          ...{ ...owner, code: 'address-without-attachment', kind: 'seen', network, address },
          observed: link.name,
        })),
    ),
  )
}

/** A network that has no subnet holds nothing. */
function isIn(subnet: string, address: string): boolean {
  return subnet !== '' && contains(subnet, address)
}

/** `eth0: 10.0.1.5/24`. */
export function interfaceText(link: Link): string {
  const own = ipv4Of(link).map(({ address, prefixLength }) => `${address}/${prefixLength}`)
  return `${link.name}: ${own.join(' ') || 'no address'}`
}

function attachmentProblems(found: readonly Link[], attachment: ExpectedInterface, owner: Owner): Problem[] {
  const { network, subnet } = attachment
  const [only, ...others] = found
  if (only === undefined)
    return [{ ...owner, code: 'network-interface-missing', kind: 'missed', network, expected: subnet }]
  if (others.length > 0) {
    const observed = found.map(({ name }) => name).join(', ')
    return [{ ...owner, code: 'network-interface-not-single', kind: 'seen', network, observed }]
  }
  return addressProblems(only, attachment, owner)
}

function addressProblems(
  link: Link,
  { network, subnet, address }: ExpectedInterface,
  owner: Owner,
): Problem[] {
  const own = ipv4Of(link)
  const full = own.filter(({ prefixLength }) => prefixLength < 32)
  const length = prefixLengthOf(subnet)
  const where = { ...owner, network }
  const observed = full.map((one) => one.address).join(', ') || 'none'
  return [
    ...own
      .filter((one) => !contains(subnet, one.address))
      .map((one): Problem => ({
        ...{ ...where, code: 'address-outside-subnet', kind: 'seen' },
        ...{ expected: subnet, observed: one.address },
      })),
    ...full
      .filter((one) => contains(subnet, one.address) && one.prefixLength !== length)
      .map((one): Problem => ({
        ...{ ...where, code: 'prefix-length-differs', kind: 'seen', address: one.address },
        ...{ expected: length, observed: one.prefixLength },
      })),
    ...(address === undefined || full.some((one) => one.address === address)
      ? []
      : [{ ...where, code: 'address-not-held', kind: 'missed', address, observed } as const]),
  ]
}

function ipv4Of(link: Link) {
  return link.addresses.filter(({ family }) => family === 'inet')
}
