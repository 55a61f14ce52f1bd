import { isIPv4, isIPv6 } from 'node:net'
import { type Script, scriptLines, sh } from '../script.ts'
import type { Host } from '../host/host.ts'
import { type Change, reversibly } from './reversibly.ts'
import { shell } from './shell.ts'

/** Mark of the engine's policies; its states have it as reqid. */
export const engineMark = 0xd0c4e3

/** Selector and template of one outbound policy as the engine makes them: UDP to a data-path port, in transport mode. */
interface EnginePolicy {
  readonly source: string
  readonly destination: string
  readonly port: string
  readonly from: string
  readonly to: string
  readonly spi: string
  readonly priority: string
}

/**
 * Takes a host's outbound IPsec policies of encrypted overlays away, as a failed key exchange or a flush by hand
 * does, and returns how to put them back; undefined where it has none. One by one, each by selector and mark: policies
 * of anybody else, as of a VPN, stay where they are. Policies hold no keys.
 */
export async function withoutOutboundPolicies(
  host: Host,
  change: Pick<Change, 'run' | 'root'> & { readonly deadManSeconds?: number } = {},
): Promise<(() => Promise<void>) | undefined> {
  const policies = enginePolicies(await shell(host, sh`ip -o xfrm policy show dir out`))
  if (policies.length === 0) return undefined
  return reversibly(host, {
    deadManSeconds: 600,
    ...change,
    name: 'outbound-policies',
    do: scriptLines(policies.map(remove)),
    // The engine may have made some again by then, as it does when a node comes back: no `add`.
    undo: scriptLines([
      sh`code=0`,
      ...policies.map((policy) => sh`${restore(policy)} || code=1`),
      sh`exit $code`,
    ]),
  })
}

/** Those of the list that are the engine's, whole: by mark, protocol, mode, and reqid of the template. */
export function enginePolicies(listed: string): EnginePolicy[] {
  // One line a policy; what was a line end is a backslash.
  return listed.replaceAll('\\', ' ').split('\n').flatMap(policyOf)
}

const shape = new RegExp(
  [
    String.raw`^src (\S+) dst (\S+) proto udp dport (\d+)\s+dir out (?:priority (\d+)\s+)?`,
    String.raw`(?:ptype main\s+)?mark 0x([0-9a-f]+)/0xffffffff\s+tmpl src (\S+) dst (\S+)\s+`,
    String.raw`proto esp spi (0x[0-9a-f]+) reqid (\d+)(?:\(\S+\))? mode transport\s*$`,
  ].join(''),
)

function policyOf(line: string): EnginePolicy[] {
  const found = shape.exec(line)
  if (found === null) return []
  const [
    ,
    source = '',
    destination = '',
    port = '',
    priority = '0',
    mark = '',
    from = '',
    to = '',
    spi = '',
  ] = found
  const isEngines = Number.parseInt(mark, 16) === engineMark && Number(found[9]) === engineMark
  const addresses = [source, destination, from, to].every((address) => {
    const [bare = '', length = '0'] = address.split('/')
    return (isIPv4(bare) || isIPv6(bare)) && /^\d{1,3}$/.test(length)
  })
  return isEngines && addresses ? [{ source, destination, port, from, to, spi, priority }] : []
}

function selector({ source, destination, port }: EnginePolicy): string[] {
  const mark = ['mark', String(engineMark), 'mask', '0xffffffff']
  return ['src', source, 'dst', destination, 'proto', 'udp', 'dport', port, 'dir', 'out', ...mark]
}

function remove(policy: EnginePolicy): Script {
  return sh`ip xfrm policy delete ${selector(policy)}`
}

function restore(policy: EnginePolicy): Script {
  const { from, to, spi, priority } = policy
  const template = ['src', from, 'dst', to, 'proto', 'esp', 'spi', spi, 'reqid', String(engineMark)]
  return sh`ip xfrm policy update ${selector(policy)} priority ${priority} tmpl ${template} mode transport`
}
