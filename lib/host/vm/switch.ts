import { join } from 'node:path'
import { SwarmproofError } from '../../error.ts'
import { findExecutable } from '../../setup/executables.ts'
import { runLocal } from '../../setup/local-command.ts'
import type { LabState } from './lab-directory.ts'

/** The largest payload vde_switch carries in a frame; longer frames are cut without a word. */
export const largestSwitchMtuBytes = 1500

export function switchDirectory(state: Pick<LabState, 'sockets'>, underlayIndex: number): string {
  return join(state.sockets, `u${underlayIndex}`)
}

/** Starts the virtual switch of one underlay. It goes on by itself until it is ended. */
export async function startSwitch(directory: string, signal: AbortSignal): Promise<void> {
  const program = findExecutable('vde_switch')
  if (program === undefined) {
    throw new SwarmproofError({
      code: 'SWITCH_MISSING',
      what: 'no vde_switch to connect the machines',
      hint: 'type: sudo apt-get install vde2',
    })
  }
  await runLocal(program, ['--sock', directory, '--daemon', '--mode', '600', '--numports', '256'], {
    what: 'starting the virtual switch',
    signal,
  })
}
