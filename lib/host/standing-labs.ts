import { unknownName } from '../error.ts'
import { cleanContainers, containerCandidates } from './container/clean.ts'
import { ContainerProvider } from './container/container-provider.ts'
import type { HostProvider, LabRecord } from './host.ts'
import { clean as cleanMachines, cleanCandidates as machineCandidates } from './vm/clean.ts'
import type { Candidate, CleanOptions, CleanResult } from './vm/clean.ts'
import { VmProvider } from './vm/vm-provider.ts'

/** What can be done with labs that stand, whatever their hosts are. */
export type LabKeeper = Pick<HostProvider, 'list' | 'attach' | 'remove'>

/** The labs of all providers together. */
export function standingLabs(
  providers: readonly HostProvider[] = [new VmProvider(), new ContainerProvider()],
): LabKeeper {
  const listed = async (): Promise<readonly { lab: LabRecord; provider: HostProvider }[]> => {
    const lists = await Promise.all(
      providers.map(async (provider) => (await provider.list()).map((lab) => ({ lab, provider }))),
    )
    return lists.flat()
  }
  const providerOf = async (labId: string): Promise<HostProvider> => {
    const labs = await listed()
    const found = labs.find(({ lab }) => lab.id === labId)
    if (found !== undefined) return found.provider
    const ids = labs.map(({ lab }) => lab.id)
    throw unknownName('lab', labId, ids)
  }
  return {
    list: async () => (await listed()).map(({ lab }) => lab),
    attach: async (labId) => (await providerOf(labId)).attach(labId),
    remove: async (labId) => (await providerOf(labId)).remove(labId),
  }
}

/** What `cleanAll` would find. */
export async function allCandidates(): Promise<readonly Candidate[]> {
  return [...(await machineCandidates()), ...(await containerCandidates())]
}

/** Removes labs nobody owns and what killed builds left, of machines and of containers. */
export async function cleanAll(options: CleanOptions): Promise<CleanResult> {
  const machines = await cleanMachines(options)
  const containers = await cleanContainers(options)
  return {
    removed: [...machines.removed, ...containers.removed],
    left: [...machines.left, ...containers.left],
  }
}
