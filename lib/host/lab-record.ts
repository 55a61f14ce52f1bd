/** A lab of this machine as it is listed. */
export interface ListedLab {
  readonly id: string
  readonly topology: string
  readonly createdAt: string
  /** `kept`: meant to stand. `owned`: its owner process lives. `orphaned`: owner is gone; `clean` removes it. */
  readonly state: 'kept' | 'owned' | 'orphaned'
}
