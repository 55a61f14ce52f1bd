import { suites } from '../../suites/index.ts'
import type { Known } from '../conformance/forecast.ts'
import { earlierRuns } from '../report/earlier-runs.ts'

/** What a run may rest its expectations on: the runs that lie where it will be stored. */
export function knownRuns({ reportDir }: { readonly reportDir: string }): Known {
  return { earlier: () => earlierRuns(reportDir), all: suites.flatMap(({ tests }) => tests) }
}
