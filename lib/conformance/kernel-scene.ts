import type { HostState } from '../observe/host-state.ts'
import { scene } from './scene.ts'

/** Kernel state by name of node: tables that could not be read are empty, and `unavailable` says so. */
export type KernelSeen = Readonly<Record<string, HostState>>

/** As it was when the generation began; what a run reads of kernels in any case. */
export const kernel = scene('kernel', async (lab) => Object.fromEntries(await lab.kernel()) as KernelSeen)

/**
 * As it is after the traffic, read where something did not hold: counters of firewall rules that rose meanwhile tell
 * which of them the packets met.
 */
export const kernelAfter = scene(
  'kernel-after',
  async (lab) => Object.fromEntries(await lab.kernel({ fresh: true })) as KernelSeen,
)
