/** What an engine said to a command that it may refuse. */
export interface Answer {
  readonly accepted: boolean
  /** Its own words, of both streams. */
  readonly words: string
}
