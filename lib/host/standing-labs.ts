import { unknownName } from '../error.ts'
import type { Candidate, CleanOptions, CleanResult } from './clean.ts'
import type { HostProvider } from './host.ts'
import type { ListedLab } from './lab-record.ts'
import { providers as all } from './provider-table.ts'

/** What can be done with labs that stand, whatever their hosts are. */
export type LabKeeper = Pick<HostProvider, 'list' | 'attach' | 'remove'>

/** The labs of all providers together. */
export function standingLabs(providers: readonly LabKeeper[] = all): LabKeeper {
  const listed = async (): Promise<readonly { lab: ListedLab; provider: LabKeeper }[]> => {
    const lists = await Promise.all(
      providers.map(async (provider) => (await provider.list()).map((lab) => ({ lab, provider }))),
    )
    return lists.flat()
  }
  const providerOf = async (labId: string): Promise<LabKeeper> => {
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
  return (await Promise.all(all.map((provider) => provider.candidates()))).flat()
}

/** Removes labs nobody owns and what killed builds left, of all providers. */
export async function cleanAll(options: CleanOptions): Promise<CleanResult> {
  const results: CleanResult[] = []
  for (const provider of all) results.push(await provider.clean(options))
  return {
    removed: results.flatMap(({ removed }) => removed),
    left: results.flatMap(({ left }) => left),
  }
}
