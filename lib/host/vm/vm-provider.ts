import { SwarmproofError, unknownName } from '../../error.ts'
import { processesUsing } from '../../setup/process-identity.ts'
import type { EnginePackage } from '../../setup/engine-package.ts'
import type { Topology } from '../../topology/topology.ts'
import type { HostProvider, ListedLab, StartOptions } from '../host.ts'
import { findAcceleration } from './acceleration.ts'
import { clean, cleanCandidates } from './clean.ts'
import { endLab } from './end-lab.ts'
import { labDirectory, listLabs, readLabState } from './lab-directory.ts'
import { connectHosts } from './lab-connections.ts'
import { refuseImpossibleForVms } from './lab-plan.ts'
import { machineOrigin } from './origin.ts'
import { prepareGuests } from './prepare-guests.ts'
import { startVmLab } from './start-lab.ts'
import { VmLab } from './vm-lab.ts'

/** Hosts are QEMU machines of this computer, with a real kernel and a real engine in each. */
export class VmProvider implements HostProvider {
  readonly origin = machineOrigin
  readonly candidates = cleanCandidates
  readonly clean = clean
  readonly #enginePackage: EnginePackage | undefined

  constructor({ enginePackage }: { readonly enginePackage?: EnginePackage } = {}) {
    this.#enginePackage = enginePackage
  }

  withEnginePackage(enginePackage: EnginePackage): HostProvider {
    return new VmProvider({ enginePackage })
  }

  async start(topology: Topology, options: StartOptions): Promise<VmLab> {
    refuseImpossibleForVms(topology)
    const { emulator, image, imageOf } = await prepareGuests(
      topology,
      options,
      this.#enginePackage === undefined ? {} : { enginePackage: this.#enginePackage },
    )
    const { progress, signal } = options
    const acceleration = await findAcceleration({ emulator, image, progress, signal })
    return startVmLab(topology, options, acceleration, { emulator, imageOf, progress, signal })
  }

  list(): Promise<readonly ListedLab[]> {
    return listLabs()
  }

  async attach(labId: string): Promise<VmLab> {
    const state = await readLabState(labId)
    if (state === undefined) throw await unknownLab(labId)
    const [running, expected] = [processesUsing(labDirectory(labId)).length, state.topology.nodes.length]
    if (state.machines.length < expected || running < expected) {
      throw new SwarmproofError({
        code: 'LAB_BROKEN',
        what: `lab '${labId}' does not run, or not all of it`,
        expected: `${expected} machines`,
        observed: `${running}`,
        hint: 'type: swarmproof clean --all',
      })
    }
    return new VmLab({ ...state, kept: true }, await connectHosts(state, new AbortController().signal))
  }

  async remove(labId: string): Promise<void> {
    if ((await readLabState(labId)) === undefined) throw await unknownLab(labId)
    await endLab(labId)
  }
}

export const machines: HostProvider = new VmProvider()

async function unknownLab(labId: string): Promise<Error> {
  const labs = await listLabs()
  return unknownName(
    'lab',
    labId,
    labs.map(({ id }) => id),
  )
}
