import type { HostState, Link } from '../observe/host-state.ts'
import { type Chain, type PlacedRule, rulesetOf } from '../observe/ruleset.ts'
import { wayOfPort } from '../observe/way-of-port.ts'
import { whoDecides } from '../observe/who-decides.ts'
import { ingressNamespace } from '../swarm/namespaces.ts'
import type { LabView } from './lab-view.ts'

/** A port that a service publishes on a node, and what the node's own firewall has to do with it. */
export interface ExposedPort {
  readonly node: string
  readonly service: string
  /** As `8080/tcp`. */
  readonly port: string
  /** In the mesh, whether or not the node has a task; else by the node's own task. */
  readonly mode: string
  /** What INPUT would do to the port if a program of the host had it; it is not asked. */
  readonly input: string | undefined
  /** What becomes of it where it is forwarded; undefined where that is not known. */
  readonly forward: string | undefined
}

/** Every port of services that are not the run's own, on every node where it is open. */
export function exposedPorts(lab: LabView): ExposedPort[] {
  const { facts, swarmObjects: objects } = lab
  if (facts === undefined || objects === undefined) return []
  const own = new Set(Object.values(facts.services).map(({ name }) => name))
  const states = Object.entries(lab.kernelAfter ?? lab.kernelBefore ?? {})
  return objects.services
    .filter(({ name }) => !own.has(name))
    .flatMap(({ name: service, published }) =>
      published.flatMap(({ protocol, publishedPort, mode }) =>
        states
          .filter(
            ([node]) =>
              mode === 'ingress' ||
              objects.tasks.some((task) => task.service === service && task.node === node),
          )
          .map(([node, state]) => ({
            ...{ node, service, port: `${publishedPort}/${protocol}`, mode },
            ...askedOf(state, { protocol, publishedPort }),
          })),
      ),
    )
}

/** Addresses that others may reach a host by. */
export function outwardAddresses({ root }: HostState): string[] {
  const isInner = ({ name, kind }: Link): boolean =>
    /^(lo|docker0|docker_gwbridge|br-[0-9a-f]{12})$/.test(name) || kind === 'veth' || kind === 'vxlan'
  return root.links
    .filter((link) => link.up && !isInner(link))
    .flatMap(({ addresses }) => addresses)
    .flatMap(({ address, family }) => (family === 'inet' ? [address] : []))
}

function askedOf(
  { root, nftables, namespaces }: HostState,
  port: { readonly protocol: string; readonly publishedPort: number },
): Pick<ExposedPort, 'input' | 'forward'> {
  const tables = { ...root, ...(nftables === undefined ? {} : { nftables }) }
  const input = whoDecides(rulesetOf(tables), 'input', {
    ...{ protocol: port.protocol, destinationPort: port.publishedPort },
    ...{ state: 'new', toHost: true, fromHost: false },
  })
  const accepts = input.unless.some(({ rule }) => rule.verdict === 'accept')
  const { forwarding } = wayOfPort({ root: tables, sandbox: namespaces[ingressNamespace] }, port)
  const isDropped = forwarding?.verdict === 'drop' || forwarding?.verdict === 'reject'
  return {
    input:
      input.verdict === 'drop' || input.verdict === 'reject'
        ? `${nameDecider(input.by)}${accepts ? ', but for what others before it accept' : ''}`
        : undefined,
    forward: isDropped ? nameDecider(forwarding.by) : undefined,
  }
}

function nameDecider(by: PlacedRule | Chain | undefined): string {
  if (by === undefined) return 'a policy'
  if ('rules' in by)
    return by.table.includes(' ') ? `nft ${by.table} ${by.name}: policy drop` : `iptables -P ${by.name} DROP`
  return by.table.includes(' ')
    ? `nft ${by.table} ${by.chain}: ${by.text}`
    : `iptables -A ${by.chain} ${by.text}`
}
