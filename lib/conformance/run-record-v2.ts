/**
 * `run.json` of schema version 2 as version 3 has it: verdicts were sentences with evidence alone, and findings named
 * hosts and pairs in one list. What they did not hold is empty.
 */
export function fromVersion2(json: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return {
    ...json,
    schemaVersion: 3,
    requirements: each(json['requirements'], (requirement) =>
      isRecord(requirement['verdict'])
        ? { ...requirement, verdict: { ...emptyVerdict, ...requirement['verdict'] } }
        : requirement,
    ),
    findings: each(json['findings'], fromFinding),
  }
}

/** Findings had no codes then. */
export const codeBeforeVersion3 = 'before-version-3'

const emptyVerdict = { problems: [], controls: [], measures: [], missing: [], unseen: [] }

function fromFinding({
  requirements,
  hosts,
  ...others
}: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const named = Array.isArray(hosts) ? hosts.filter((host) => typeof host === 'string') : []
  return {
    ...{ code: codeBeforeVersion3, severity: 'cause', networks: [], proof: [], knownIssues: [] },
    ...others,
    nodes: named.filter((host) => !host.includes(' → ')),
    pairs: named.flatMap((host) => {
      const [from, to] = host.split(' → ')
      return from === undefined || to === undefined ? [] : [{ from, to }]
    }),
    explains: requirements ?? [],
  }
}

function each(
  value: unknown,
  change: (one: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>>,
): unknown {
  return Array.isArray(value) ? value.map((one: unknown) => (isRecord(one) ? change(one) : one)) : value
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
