import { unknownName } from '../error.ts'
import type { ConformanceTest } from './test.ts'

/**
 * How much of everything is verified.
 *
 * | profile | verifies |
 * |---|---|
 * | quick | the few that find most faults, on one lab |
 * | standard | what is safe on a cluster in use |
 * | full | also what may disrupt or reconfigure its hosts |
 *
 * What is slow is in none of them: it is verified when it is named, or with `slow`.
 */
export const profiles = ['quick', 'standard', 'full'] as const
export type Profile = (typeof profiles)[number]

export const defaultProfile: Profile = 'standard'

/** @throws InputError that lists the valid ones */
export function readProfile(text: string): Profile {
  const found = profiles.find((profile) => profile === text.trim().toLowerCase())
  if (found === undefined) throw unknownName('profile', text, [...profiles])
  return found
}

export function inProfile(test: ConformanceTest, profile: Profile, slow = false): boolean {
  if (test.slow === true && !slow) return false
  if (profile === 'quick') return test.quick === true
  return profile === 'full' || test.safety === 'production'
}
