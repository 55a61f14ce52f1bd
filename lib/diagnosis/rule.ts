import type { CatalogEntry, PublicReport } from '../observation/catalog-entry.ts'
import type { Finding } from '../observation/finding.ts'
import type { Alike } from './alike.ts'
import type { CountedLoss } from './ends.ts'
import type { LabView, Reported } from './lab-view.ts'

/**
 * Recognises one cause. A rule stays silent unless what was observed shows it and nothing that was observed speaks
 * against it: a wrong diagnosis costs the reader more than none. It sees the problems that no graver rule explained yet.
 * What it finds is in the catalog under its code: a rule declares its entry beside what it does.
 */
export interface Rule extends CatalogEntry {
  find(lab: LabView): readonly Draft[]
  /** Its place among the rules: those with smaller numbers are asked before it and take what they explain. None twice. */
  readonly gravity: number
  /** It infers from what was missed where others found what lost it. */
  readonly ofTheRest?: true
}

/** A finding before it is known which requirements it explains. */
export interface Draft
  extends
    Pick<Finding, 'title' | 'cause' | 'remedy'>,
    Partial<Pick<Finding, 'nodes' | 'pairs' | 'networks' | 'proof' | 'severity'>> {
  /** Where others of the rule may say the same of their nodes. */
  readonly alike?: Alike
  /** Which of its entry’s reports are of the same thing; all of them where it does not say. */
  readonly reports?: readonly PublicReport[]
  /**
   * By which counter it is proved: of problems only those are explained that can have ended there, and none at all where
   * fewer packets were counted than those are. A rule of a firewall or a full queue counts something on most hosts.
   */
  readonly counted?: CountedLoss
  /** Problems that it accounts for. */
  readonly explains?: (problem: Reported) => boolean
  /**
   * Problems that come of it and lost none of the packets that were counted: taken before rules that are asked of the rest
   * (`ofTheRest`), so that two findings of one kind share what they lost, and what follows is no third.
   */
  readonly follows?: (problem: Reported) => boolean
  /** Requirements whose verdict it accounts for although they report no problem: inconclusive or skipped. */
  readonly accountsFor?: (id: string) => boolean
}
