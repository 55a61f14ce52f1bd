import { outcomeSeen } from '../../lib/observation/probe-seen.ts'
import type { Problem } from '../../lib/observation/problem.ts'
import type { ControlSeen } from '../scene/recordings/control.ts'

type Reached = ControlSeen['reached'][number]

/** Connections that were not accepted. */
export function connectionProblems(reached: readonly Reached[], port: number): Problem[] {
  return reached
    .filter(({ probe }) => probe.outcome !== 'connected')
    .map(({ from, to, address, probe }): Problem => ({
      ...{ code: 'connection-refused', kind: 'missed', path: { from, to }, address, port },
      observed: outcomeSeen(probe),
    }))
}

export function connectionRows(reached: readonly Reached[]): object[] {
  return reached.map(({ from, to, address, probe: { outcome, elapsedMs } }) => ({
    ...{ from, to, address, outcome, elapsedMs: Math.round(elapsedMs) },
  }))
}
