/** What was asked of one host, for the record of a run; each counts once, however often a lost connection had it repeated. */
export interface RemoteCalls {
  /** Run to their end. */
  commands: number
  /** Started and streamed. */
  processes: number
  /** Written or read. */
  files: number
  /** Answered by its engine over a connection that is kept; each of these is one of `processes`. */
  engineRequests: number
}

export function noCalls(): RemoteCalls {
  return { commands: 0, processes: 0, files: 0, engineRequests: 0 }
}
