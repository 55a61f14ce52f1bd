import { InputError, unknownName } from '../error.ts'
import { canonicalAddress } from '../packet/canonical-address.ts'
import { spiText } from '../packet/esp.ts'
import type { PacketFilter } from '../packet/filter.ts'

export function parsePort(text: string): number {
  const port = wholeNumber(text)
  if (port === undefined || port < 1 || port > 65_535) {
    throw new InputError({
      code: 'BAD_PORT',
      what: `--vxlan-port '${text}' is not a UDP port`,
      expected: 'a number from 1 to 65535',
    })
  }
  return port
}

/** All filters of one command line; undefined if there are none. */
export function parseFilters(texts: readonly string[]): PacketFilter | undefined {
  if (texts.length === 0) return undefined
  let filter: PacketFilter = { addresses: [] }
  for (const text of texts) filter = withFilter(filter, text)
  return filter
}

function withFilter(filter: PacketFilter, text: string): PacketFilter {
  const [key = '', ...rest] = text.split('=')
  const value = rest.join('=')
  if (rest.length === 0) {
    throw bad(text, 'key=value, such as vni=4097, spi=0xc60bc1f5 or address=10.0.0.1')
  }
  switch (key) {
    case 'vni': {
      const vni = wholeNumber(value)
      if (vni === undefined || vni > 0xffffff) throw bad(text, 'a VNI from 0 to 16777215')
      if (filter.vni !== undefined && filter.vni !== vni) throw never(text, `vni=${filter.vni}`)
      return { ...filter, vni }
    }
    case 'spi': {
      const number = wholeNumber(value)
      if (number === undefined || number > 0xffffffff)
        throw bad(text, 'an SPI of 32 bits, such as 0xc60bc1f5')
      const spi = spiText(number)
      if (filter.spi !== undefined && filter.spi !== spi) throw never(text, `spi=${filter.spi}`)
      return { ...filter, spi }
    }
    case 'address': {
      const address = canonicalAddress(value)
      if (address === undefined) throw bad(text, 'one IPv4 or IPv6 address, such as 10.0.0.1 or fd00::1')
      return { ...filter, addresses: [...filter.addresses, address] }
    }
    default:
      throw unknownName('filter', key, ['vni', 'spi', 'address'])
  }
}

function bad(text: string, expected: string): InputError {
  return new InputError({ code: 'BAD_FILTER', what: `--filter '${text}' cannot be understood`, expected })
}

function never(text: string, before: string): InputError {
  return new InputError({
    code: 'BAD_FILTER',
    what: `--filter '${text}' and '${before}' can never both hold: a packet has one of them`,
    hint: 'inspect the file once for each',
  })
}

function wholeNumber(text: string): number | undefined {
  return /^(?:\d{1,10}|0x[0-9a-f]{1,8})$/i.test(text) ? Number(text) : undefined
}
