import { constants } from 'node:fs'
import { copyFile, rm } from 'node:fs/promises'
import { SwarmproofError } from '../../error.ts'
import { requireDisk } from '../../setup/capacity.ts'
import { runLocal } from '../../setup/local-command.ts'
import { GuestAgent } from './guest-agent.ts'
import { wakeGuest } from './guest-clock.ts'
import { machineFiles } from './lab-directory.ts'
import type { LabMachine, LabState } from './lab-directory.ts'
import type { LabContext } from './lab-machines.ts'
import { saveMachine } from './machine.ts'
import { QmpClient } from './qmp.ts'
import { beginSave, commitSave, copyKeys, savedFiles, standingDirectory } from './standing-lab.ts'
import { findTemplate } from './template.ts'

/**
 * Saves a running lab under a key and lets it run on. All machines are stopped before the first is saved, so that
 * they agree on what they told each other; their clocks are set right again afterwards.
 */
export async function saveLab(
  state: LabState,
  key: string,
  notes: unknown,
  context: LabContext,
): Promise<void> {
  const memoryMib = state.topology.nodes.reduce((sum, node) => sum + node.memoryMib, 0)
  await requireDisk(standingDirectory(), memoryMib + 512, 'save the lab')
  const save = await beginSave(key)
  try {
    await whileStopped(state, context, async (controls) => {
      await Promise.all(
        state.machines.map((machine, index) =>
          saveOne(state, machine, index, controls[index], save.directory, context),
        ),
      )
    })
    await copyKeys(state, save.directory)
    await commitSave(key, save, state.machines, notes)
  } catch (error) {
    await rm(save.directory, { recursive: true, force: true })
    throw error
  }
}

async function whileStopped(
  state: LabState,
  context: LabContext,
  work: (controls: readonly QmpClient[]) => Promise<void>,
): Promise<void> {
  const controls: QmpClient[] = []
  try {
    for (const [index, { node }] of state.machines.entries()) {
      const path = machineFiles(state, node, index).qmp
      controls.push(await QmpClient.connect(path, node, { timeoutMs: 10_000, signal: context.signal }))
    }
    try {
      await Promise.all(controls.map((control) => control.execute('stop')))
      await work(controls)
    } finally {
      await Promise.all(controls.map((control) => control.execute('cont')))
      await setClocks(state, context)
    }
  } finally {
    for (const control of controls) control[Symbol.dispose]()
  }
}

async function saveOne(
  state: LabState,
  machine: LabMachine,
  index: number,
  control: QmpClient | undefined,
  directory: string,
  context: LabContext,
): Promise<void> {
  if (control === undefined) throw new RangeError(`no control connection to ${machine.node}`)
  const files = savedFiles({ directory }, machine.node)
  await saveMachine(
    { qmp: control, host: machine.node },
    files.memory,
    context.emulator.version,
    context.signal,
  )
  // After its migration a stopped machine has written all of its disk and let go of it.
  await copyFile(machineFiles(state, machine.node, index).disk, files.disk, constants.COPYFILE_FICLONE)
  if (state.startedFrom === 'standing-lab') await standOnTemplate(state, machine, files.disk, context)
}

/** The disk of a lab that was itself resumed stands on the saved one it came from, which is about to be replaced. */
async function standOnTemplate(
  state: LabState,
  machine: LabMachine,
  disk: string,
  context: LabContext,
): Promise<void> {
  const template = machine.template === undefined ? undefined : await findTemplate(machine.template.key)
  const node = state.topology.nodes.find(({ name }) => name === machine.node)
  const image = node === undefined ? undefined : context.imageOf(node)
  const base = machine.template === undefined ? image?.disk : template?.disk
  if (base === undefined || template?.buildId !== machine.template?.buildId) {
    throw new SwarmproofError({
      code: 'TEMPLATE_GONE',
      what: 'the lab cannot be saved: the template its disk stands on was removed',
      host: machine.node,
    })
  }
  const format = machine.template === undefined ? 'raw' : 'qcow2'
  await runLocal(context.emulator.imageTool, ['rebase', '-f', 'qcow2', '-F', format, '-b', base, disk], {
    what: `saving the disk of ${machine.node}`,
    environment: context.emulator.environment,
    timeoutMs: 120_000,
    signal: context.signal,
  })
}

async function setClocks(state: LabState, context: LabContext): Promise<void> {
  await Promise.all(
    state.machines.map(async ({ node }, index) => {
      using agent = await GuestAgent.connect(machineFiles(state, node, index).agent, node)
      await wakeGuest(agent, { timeoutMs: 60_000, signal: context.signal })
    }),
  )
}
