import { boundAmong } from '../bound-among.ts'
import type { ConformanceTest } from './test.ts'

/** What a call took on the hosts on which the figures below were measured, in ms. */
const usualCallMs = 150
/** Of the time, what hosts that answer faster or slower change: the rest waits for the swarm. */
const shareOfCalls = 0.5

/** Of scenes, in seconds, whoever asks first: measured on three emulated nodes of one processor. */
const sceneSeconds: Readonly<Record<string, number>> = {
  ...{ control: 5, exchange: 4, 'network-views': 2, isolation: 5, sizes: 6, discovery: 1, mesh: 5 },
  ...{ publishing: 3, 'application-names': 5, 'underlay-traffic': 6, bursts: 12 },
  ...{ 'changing-service': 70, 'reshaped-service': 55 },
}

/** Of requirements without their scenes, likewise; of disruptive ones with the lab put back. */
const ownSeconds: Readonly<Record<string, number>> = {
  ...{ 'CTL-11': 25, 'CTL-12': 170, 'CTL-13': 20, 'OVL-06': 3, 'OVL-11': 24, 'OVL-12': 20, 'OVL-13': 3 },
  ...{ 'OVL-16': 30, 'OVL-18': 30, 'VXL-07': 3, 'VXL-09': 25, 'ENC-05': 50, 'ENC-06': 45, 'ENC-07': 3 },
  ...{ 'ENC-08': 10, 'ENC-09': 5, 'ENC-10': 16, 'DSC-05': 3, 'DSC-06': 5, 'DSC-07': 25, 'LB-05': 41 },
  ...{ 'LB-06': 2, 'ING-08': 0.5, 'ING-09': 10, 'ING-11': 55, 'ING-14': 2, 'ING-15': 3, 'GWB-02': 2 },
  ...{ 'GWB-03': 2, 'GWB-05': 50, 'ADR-01': 15, 'ADR-02': 10, 'ADR-03': 4, 'ADR-04': 25 },
  ...{ 'RES-01': 90, 'RES-02': 140, 'RES-03': 240, 'RES-05': 60 },
}

/** Hosts that the table is asked for. */
export interface UsualHosts {
  readonly nodes: number
  /** What a call on these hosts takes, in ms; as usual where not given. */
  readonly callMs?: number | undefined
  /** They are containers of one machine. */
  readonly sharesKernel?: boolean
}

/** Calls of hosts whose processors are emulated take longer. */
const mostCallMsOfNative = 40
/** What tasks, services and networks take to start and end where no processor is emulated, by what the table says. */
const nativeStarting = 0.15

/**
 * How long a requirement usually takes, in seconds, where nothing is known of such a lab: the figures of the table, half
 * of them as a call on these hosts is to a usual one, and of more than ten nodes in proportion to their number, as bounds
 * of time are. Of containers on one machine all of them as a call is: it says how many share its processors. What is not in
 * the table and changes something is taken to do so by a scene that another made, where it reads one.
 *
 * @param makes keys of the scenes that it makes
 */
export function usualSeconds(
  { id, safety, changes, slow, reads }: Pick<ConformanceTest, 'id' | 'safety' | 'changes' | 'slow' | 'reads'>,
  makes: readonly string[],
  { nodes, callMs = usualCallMs, sharesKernel = false }: UsualHosts,
): number {
  const isMade = reads.some((key) => sceneSeconds[key] !== undefined && !makes.includes(key))
  const unknown = slow === true ? 40 : safety === 'lab' ? 60 : changes.length > 0 && !isMade ? 30 : 0.1
  const scenes = makes.reduce((sum, key) => sum + (sceneSeconds[key] ?? 0), 0)
  const table = (ownSeconds[id] ?? (scenes > 0 ? 0.1 : unknown)) + scenes
  const native = sharesKernel || callMs < mostCallMsOfNative
  const seconds = native && changes.length > 0 ? nativeStarting * table : table
  // Whose hosts share processors answers the slower the more there are: calls say it.
  if (sharesKernel) return seconds * Math.min(slowest, callMs / usualCallMs)
  return boundAmong(nodes, 1000 * seconds * paceOf(callMs, usualCallMs)) / 1000
}

const [slowest, fastest] = [3, 0.55]

/** How much longer the same takes where a call takes that long, and not as long as it then did. */
export function paceOf(callMs: number, thenMs: number): number {
  if (thenMs <= 0) return 1
  return Math.min(slowest, Math.max(fastest, 1 - shareOfCalls + (shareOfCalls * callMs) / thenMs))
}
