import { cidrBlock, ipAddress } from '../identifier.ts'
import type { SecurityAssociation, SecurityPolicy } from './host-state.ts'

/** Reads `ip xfrm state`, with or without its keys; no key is taken over. */
export function parseSecurityAssociations(
  lines: readonly string[],
  host?: string,
): readonly SecurityAssociation[] {
  return blocks(lines).map((block) => {
    const text = block.join('\n')
    const aead = /\baead (\S+) \S+ (\d+)/.exec(text)
    const encryption = /\benc (\S+)/.exec(text)
    const authentication = /\bauth(?:-trunc)? (\S+) \S+(?: (\d+))?/.exec(text)
    return {
      source: ipAddress(first(text, /^src (\S+)/), host),
      destination: ipAddress(first(text, /^src \S+ dst (\S+)/), host),
      spi: spi(first(text, /\bspi 0x([0-9a-f]+)/)),
      mode: first(text, /\bmode (\S+)/) ?? '',
      requestId: Number(first(text, /\breqid (\d+)/) ?? 0),
      replayWindow: Number(first(text, /\breplay-window (\d+)/) ?? 0),
      algorithm: aead?.[1] ?? [encryption?.[1], authentication?.[1]].filter(Boolean).join(' '),
      icvBits: Number(aead?.[2] ?? authentication?.[2] ?? 0),
    }
  })
}

/** Reads `ip xfrm policy`. Socket policies, which no configuration made, are left out. */
export function parseSecurityPolicies(lines: readonly string[], host?: string): readonly SecurityPolicy[] {
  return blocks(lines).flatMap((block) => {
    const text = block.join('\n')
    const direction = first(text, /^\s+dir (in|out|fwd)\b/m)
    if (direction === undefined) return []
    const template = text.slice(text.indexOf('tmpl') === -1 ? text.length : text.indexOf('tmpl'))
    const port = first(text, /\bdport (\d+)/)
    const mark = first(text, /\bmark (0x[0-9a-f]+|\d+)/)
    const interfaceId = first(text, /\bif_id (0x[0-9a-f]+|\d+)/)
    const templateSpi = first(template, /\bspi 0x([0-9a-f]+)/)
    const requestId = first(template, /\breqid (\d+)/)
    return [
      {
        direction: direction as SecurityPolicy['direction'],
        source: cidrBlock(first(text, /^src (\S+)/), host),
        destination: cidrBlock(first(text, /^src \S+ dst (\S+)/), host),
        protocol: first(text, /^src \S+ dst \S+ proto (\S+)/) ?? '',
        ...(port === undefined ? {} : { destinationPort: Number(port) }),
        ...(mark === undefined ? {} : { mark: Number(mark) }),
        ...(interfaceId === undefined ? {} : { interfaceId: Number(interfaceId) }),
        ...(templateSpi === undefined ? {} : { spi: spi(templateSpi) }),
        ...(requestId === undefined ? {} : { requestId: Number(requestId) }),
      },
    ]
  })
}

/** Entries start at the line's beginning; what belongs to them is indented. */
function blocks(lines: readonly string[]): readonly string[][] {
  const found: string[][] = []
  for (const line of lines) {
    if (/^\S/.test(line)) found.push([line])
    else found.at(-1)?.push(line)
  }
  return found
}

function first(text: string, pattern: RegExp): string | undefined {
  return pattern.exec(text)?.[1]
}

function spi(hex: string | undefined): string {
  return `0x${(hex ?? '').padStart(8, '0')}`
}
