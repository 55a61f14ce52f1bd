import { InputError } from '../../error.ts'
import { parseDestination } from '../../remote/open-ssh/destination.ts'
import type { Inventory, InventoryHost } from '../inventory.ts'

/**
 * Hosts named on the command line, `[user@]host[:port]` each.
 * @throws InputError when a word is none, or two mean the same host
 */
export function inventoryOfWords(words: readonly string[]): Inventory {
  const hosts = words.map((word): InventoryHost => {
    const destination = parseDestination(word)
    return { name: destination.name, destination }
  })
  const seen = new Map<string, string>()
  return {
    hosts: hosts.map((host, index) => {
      const { hostname, port } = host.destination
      const place = `${hostname}:${port ?? ''}`
      const word = words[index] ?? ''
      const first = seen.get(place)
      if (first !== undefined) throw twice(first, word)
      seen.set(place, word)
      // Several hosts behind one address, told apart by their ports: a bastion that forwards.
      const shared = hosts.filter((other) => other.destination.hostname === hostname).length > 1
      return shared && port !== undefined ? renamed(host, `${hostname}:${port}`) : host
    }),
    source: 'the command line',
    warnings: [],
  }
}

function renamed(host: InventoryHost, name: string): InventoryHost {
  return { ...host, name, destination: { ...host.destination, name } }
}

function twice(first: string, second: string): InputError {
  return new InputError({
    code: 'HOST_TWICE',
    what: `'${first}' and '${second}' are the same host`,
    hint: 'name each host once',
  })
}
