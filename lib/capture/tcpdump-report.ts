/** What tcpdump says when it ends, on standard error. */
export interface TcpdumpReport {
  /** Undefined if it did not get to say it. */
  readonly droppedByKernel: number | undefined
  /**
   * The interface's own drop counter during the capture. It counts frames that were received and that no protocol
   * wanted, which the capture has seen, and frames the host never received; so it says nothing about the capture.
   */
  readonly droppedByInterface: number
}

export function readTcpdumpReport(stderr: string): TcpdumpReport {
  const kernel = /^(\d+) packets? dropped by kernel/m.exec(stderr)?.[1]
  const device = /^(\d+) packets? dropped by interface/m.exec(stderr)?.[1]
  return {
    droppedByKernel: kernel === undefined ? undefined : Number(kernel),
    droppedByInterface: Number(device ?? 0),
  }
}

/** The lines that tell why it failed: without the greeting and the statistics. */
export function tcpdumpComplaint(stderr: string): string {
  return stderr
    .split('\n')
    .filter((line) => line.trim() !== '')
    .filter((line) => !/^tcpdump: (listening on|data link type)|^\d+ packets? /.test(line))
    .join('; ')
    .slice(-600)
}
