import type { Finding } from './finding.ts'

/** A finding of which only what is given is there; for tests. */
export function exampleFinding(given: Partial<Finding>): Finding {
  return {
    ...{ code: 'example', severity: 'cause', title: 'An example', cause: 'c', remedy: ['r'] },
    ...{ nodes: [], pairs: [], networks: [], proof: [], explains: [], knownIssues: [] },
    ...given,
  }
}
