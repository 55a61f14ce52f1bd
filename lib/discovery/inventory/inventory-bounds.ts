import { InputError } from '../../error.ts'

/** What an inventory may hold. Beyond any of these it is refused with the place where it goes too far. */
export const inventoryBounds = {
  /** Of the inventory, and of each file in `group_vars` and `host_vars`. */
  mostBytes: 4 * 1024 * 1024,
  mostHosts: 10_000,
  mostGroups: 5000,
  /** Groups within groups. */
  mostLevels: 100,
  /** Of one host or group pattern, ranges included. */
  longestNameCharacters: 1024,
  /** Of a variable that says how to reach a host, its templates filled in. */
  longestValueCharacters: 4096,
  /**
   * Steps of working out which groups and variables each host has. An inventory of 3000 hosts in 20 groups each, with
   * 100 variables, takes some 500,000.
   */
  mostSteps: 10_000_000,
} as const

/** Counts the work that an inventory causes. */
export class Effort {
  #steps = 0
  readonly #file: string

  constructor(file: string) {
    this.#file = file
  }

  get steps(): number {
    return this.#steps
  }

  /** @throws InputError once the inventory has caused more work than any sound one does */
  spend(steps: number, what: string): void {
    this.#steps += steps
    if (this.#steps <= inventoryBounds.mostSteps) return
    throw new InputError({
      code: 'INVENTORY_TOO_COMPLEX',
      what: `${this.#file} takes too long to work out, at ${what}`,
      expected: `at most ${inventoryBounds.mostSteps} steps for the groups and variables of all hosts`,
      hint: 'give an inventory of the hosts of the swarm alone, with fewer groups within groups or fewer variables',
    })
  }
}
