import type { Finding } from '../observation/finding.ts'
import type { LabView, Reported } from './lab-view.ts'

/**
 * Recognises one cause. A rule stays silent unless what was observed shows it and nothing that was observed speaks
 * against it: a wrong diagnosis costs the reader more than none. It sees the problems that no graver rule explained yet.
 */
export interface Rule {
  /** Names its findings, e.g. `data-path-port-blocked`. */
  readonly code: string
  find(lab: LabView): readonly Draft[]
  /** Its place among the rules: those with smaller numbers are asked before it and take what they explain. None twice. */
  readonly gravity: number
}

/** A finding before it is known which requirements it explains. */
export interface Draft
  extends
    Pick<Finding, 'title' | 'cause' | 'remedy'>,
    Partial<Pick<Finding, 'nodes' | 'pairs' | 'networks' | 'proof' | 'knownIssues' | 'severity'>> {
  /** Problems that it accounts for. */
  readonly explains?: (problem: Reported) => boolean
  /** Requirements whose verdict it accounts for although they report no problem: inconclusive or skipped. */
  readonly accountsFor?: (id: string) => boolean
}
