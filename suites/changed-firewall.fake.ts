import type { HostState } from '../lib/observe/host-state.ts'
import { parseNftables } from '../lib/observe/nftables.ts'
import { recorded } from '../lib/observe/recorded/recorded.fake.ts'
import type { Changeable, ChangeKernel } from './stored/changed-kernel.fake.ts'

type Firewall = Changeable<HostState>['root']['firewall']

/** Puts a rule first into a chain of one node, as `iptables -I` does. */
export function inserted(
  node: string,
  table: string,
  chain: string,
  rule: string,
  packets = 7,
): ChangeKernel {
  return ({ root }, name) => {
    if (name !== node) return
    const moved = root.firewall.map((one) =>
      one.table === table && one.chain === chain ? { ...one, position: one.position + 1 } : one,
    )
    root.firewall = [{ table, chain, position: 1, rule, packets, bytes: 0 }, ...moved]
  }
}

/** Takes rules of one node away; of every node without a name. */
export function deleted(which: RegExp, node?: string): ChangeKernel {
  return ({ root }, name) => {
    if (node !== undefined && name !== node) return
    const left: Firewall = root.firewall.filter(
      ({ table, chain, rule }) => !which.test(`${table} ${chain} ${rule}`),
    )
    if (left.length === root.firewall.length) throw new Error(`${name} has no rule like ${which}`)
    const places = new Map<string, number>()
    root.firewall = left.map((one) => {
      const key = `${one.table} ${one.chain}`
      const position = (places.get(key) ?? 0) + 1
      places.set(key, position)
      return { ...one, position }
    })
  }
}

/** As though the engine of a node had the backend nftables, in the later reading: what engine 29.7 wrote, changed. */
export function ofNftables(
  node: string,
  change: (ruleset: string) => string = (ruleset) => ruleset,
): ChangeKernel {
  return (state, name) => {
    if (name !== node) return
    const [ruleset, vni] = [recorded('engine-29.7-nftables', 'nft.json'), '4102']
    state.nftables = [...parseNftables(change(ruleset.replaceAll(vni, '4098')))] as NonNullable<
      typeof state.nftables
    >
    state.root.firewall = []
  }
}

/** One after the other. */
export function allOf(...changes: readonly ChangeKernel[]): ChangeKernel {
  return (...given) => {
    for (const change of changes) change(...given)
  }
}
