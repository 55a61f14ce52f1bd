import { InputError, unknownName } from '../error.ts'
import type { Host, Lab } from '../host/host.ts'
import type { LabKeeper } from '../host/standing-labs.ts'

/** Attaches to the lab that is meant, which `option` names on the command line; see `whichLabId`. */
export async function whichLab(
  provider: LabKeeper,
  named: string | undefined,
  option = '--lab',
): Promise<Lab> {
  return provider.attach(await whichLabId(provider, named, option))
}

/**
 * The lab that is meant: the one named, or the only one that stands.
 * @throws InputError when none stands, several do, or the named one does not
 */
export async function whichLabId(
  provider: Pick<LabKeeper, 'list'>,
  named: string | undefined,
  option = '--lab',
): Promise<string> {
  const standing = (await provider.list()).filter((lab) => lab.state !== 'orphaned')
  const ids = standing.map((lab) => lab.id)
  if (named !== undefined) {
    if (!ids.includes(named)) throw unknownName('lab', named, ids)
    return named
  }
  const [only, ...others] = ids
  if (only === undefined) {
    throw new InputError({ code: 'NO_LAB', what: 'no lab stands', hint: 'bring one up with `swarmproof up`' })
  }
  if (others.length > 0) {
    throw new InputError({
      code: 'SEVERAL_LABS',
      what: 'several labs stand',
      hint: `choose with ${option}: ${ids.join(', ')}`,
    })
  }
  return only
}

export function hostNamed(lab: Lab, name: string): Host {
  const host = lab.hosts.find((candidate) => candidate.name === name)
  if (host !== undefined) return host
  throw unknownName(
    'node',
    name,
    lab.hosts.map((candidate) => candidate.name),
  )
}

/** Lets go of a lab without ending it. */
export async function release(lab: Lab): Promise<void> {
  await Promise.all(lab.hosts.map(({ remote }) => remote[Symbol.asyncDispose]()))
}
