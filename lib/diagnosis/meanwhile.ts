import type { HostState, NamespaceState } from '../observe/host-state.ts'
import type { KernelEventKind } from '../observe/kernel-events.ts'
import { risenBetween } from '../observe/counters.ts'
import type { LabView } from './lab-view.ts'

/** A node’s state, the later reading first: what was read once only is taken from there. */
export function statesOf({ kernelBefore, kernelAfter }: LabView, node: string): readonly HostState[] {
  return [kernelAfter?.[node], kernelBefore?.[node]].filter((state) => state !== undefined)
}

/** Nodes whose kernel state was read. */
export function nodesRead({ kernelBefore, kernelAfter }: LabView): readonly string[] {
  return Object.keys({ ...kernelBefore, ...kernelAfter })
}

/**
 * How much a counter of a node rose while requirements were verified, in its own namespace or that of the given file;
 * undefined where it was not read twice within one boot.
 */
export function risenOn(
  view: LabView,
  node: string,
  counter: string,
  namespace?: string,
): number | undefined {
  const [before, after] = [view.kernelBefore?.[node], view.kernelAfter?.[node]]
  if (before === undefined || after === undefined || before.bootId !== after.bootId) return undefined
  const of = (state: HostState): NamespaceState | undefined =>
    namespace === undefined ? state.root : state.namespaces[namespace]
  return risenBetween(of(before)?.counters, of(after)?.counters, counter)
}

/** How often the kernel said something of this kind since the first reading. */
export function saidMeanwhile(view: LabView, node: string, kind: KernelEventKind): number {
  const [before, after] = [view.kernelBefore?.[node], view.kernelAfter?.[node]]
  const since = before?.bootId === after?.bootId ? (before?.uptimeSeconds ?? Infinity) : 0
  return (after?.events ?? []).filter((event) => event.kind === kind && event.uptimeSeconds >= since).length
}
