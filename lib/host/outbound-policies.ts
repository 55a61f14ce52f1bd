import { type Script, scriptLines, sh } from '../remote/script.ts'
import type { Host } from './host.ts'
import { shell } from './shell.ts'

/** Mark of the engine's policies; its states have it as reqid. */
export const engineMark = 0xd0c4e3

/**
 * Takes a host's outbound IPsec policies of encrypted overlays away, as a failed key exchange or a flush by hand
 * does, and returns how to put them back; undefined where it has none. Policies hold no keys.
 */
export async function withoutOutboundPolicies(host: Host): Promise<(() => Promise<void>) | undefined> {
  const policies = (await shell(host, sh`ip -o xfrm policy show dir out`))
    // One line a policy; what was a line end is a backslash.
    .replaceAll('\\', ' ')
    .split('\n')
    .flatMap(policyOf)
  if (policies.length === 0) return undefined
  await shell(host, sh`ip xfrm policy flush`)
  // The engine may have made some anew by then, as it does when a node comes back.
  const restore = scriptLines(policies.map((policy) => sh`ip xfrm policy update ${policy}`))
  return async () => void (await shell(host, restore))
}

function policyOf(line: string): Script[] {
  const found =
    /^src (\S+) dst (\S+) proto udp dport (\d+).*tmpl src (\S+) dst (\S+).*spi (0x[0-9a-f]+)/.exec(line)
  if (found === null) return []
  const [source = '', destination = '', port = '', from = '', to = '', spi = ''] = found.slice(1)
  return [
    sh`src ${source} dst ${destination} proto udp dport ${port} dir out mark ${engineMark} mask 0xffffffff tmpl src ${from} dst ${to} proto esp spi ${spi} reqid ${engineMark} mode transport`,
  ]
}
