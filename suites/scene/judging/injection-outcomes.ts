import type { Control, Missing, Unseen } from '../../../lib/observation/judgement.ts'
import { type PacketRef, refOf, seenFrames, type WireSeen } from '../../../lib/observation/frame.ts'
import { part } from '../../../lib/observation/part.ts'
import type { Problem } from '../../../lib/observation/problem.ts'
import type { Injected, Injection } from '../recordings/injection.ts'

/** What became of the frames to one task. */
export interface Outcome extends Injection {
  /** Empty also where the underlay of its node was not recorded. */
  readonly cameIn: readonly PacketRef[]
  readonly arrived: readonly PacketRef[]
}

export interface Outcomes {
  readonly outcomes: readonly Outcome[]
  readonly missing: readonly Missing[]
  readonly unseen: readonly Unseen[]
}

export function outcomesOf({ injections, wires, withoutInterface }: Injected): Outcomes {
  const { got, missing, unseen } = part(wires, 'capture')
  const nodes = [...new Set(withoutInterface)]
  const holding = (wire: WireSeen | undefined, word: string): PacketRef[] =>
    wire === undefined
      ? []
      : seenFrames([wire])
          .filter(({ matched }) => matched.includes(word))
          .map(refOf)
  return {
    missing,
    unseen: nodes.length === 0 ? unseen : [...unseen, { what: 'the interface of a task', nodes }],
    // What reached a task is seen there, whatever the underlay's recording is worth.
    outcomes: injections
      .filter(({ inside }) => got.has(inside))
      .map((one) => ({
        ...one,
        arrived: holding(got.get(one.inside), one.word),
        cameIn: holding(got.get(one.underlay), one.word),
      })),
  }
}

/** Each task that got frames which should have been dropped on arrival. */
export function injectionProblems(
  outcomes: readonly Outcome[],
  code: 'injected-frame-reached' | 'injected-frame-reached-behind-accept' = 'injected-frame-reached',
): Problem[] {
  return outcomes
    .filter(({ arrived }) => arrived.length > 0)
    .map(({ arrived, sent, network, service, node }): Problem => ({
      ...{ code, kind: 'seen', node, service, network, observed: arrived.length, expected: sent },
    }))
}

/** What was injected and what became of it, as a table. */
export function injectionRows(outcomes: readonly Outcome[]): object[] {
  return outcomes.map(({ to, network, vni, sent, cameIn, arrived }) => ({
    ...{ to, network: `${network}, VNI ${vni}`, sent },
    ...{ 'came in on the underlay': cameIn.length, 'reached the task': arrived.length },
  }))
}

/** Frames in clear must be delivered where nothing forbids it, and come in everywhere, or "none arrived" proves nothing. */
export function injectionControls(control: readonly Outcome[], judged: readonly Outcome[]): Control[] {
  const delivered = control.filter(({ arrived, sent }) => arrived.length >= sent).length
  const cameIn = judged.filter((one) => one.cameIn.length >= one.sent).length
  return [
    {
      name: 'frames of an unencrypted network reach their tasks',
      held: control.length > 0 && delivered === control.length,
      observed: `${delivered} of ${control.length} tasks`,
    },
    {
      name: 'frames come in at the nodes',
      held: cameIn === judged.length,
      observed: `${cameIn} of ${judged.length} tasks' nodes`,
    },
  ]
}
