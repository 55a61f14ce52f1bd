import { readdirSync } from 'node:fs'
import { join } from 'node:path'

/** Seconds that files took which take long, on a busy machine. What is missing here or wrong costs time only. */
export const seconds = {
  'lib/cli/work.test.ts': 232,
  'lib/extension.test.ts': 72,
  'lib/test-command.test.ts': 40,
  'lib/cli/hostile.test.ts': 60,
  'lib/swarm/guard.test.ts': 55,
  'lib/workflow-steps.test.ts': 49,
  'suites/stored-runs.test.ts': 43,
  'lib/remote/open-ssh/connect.test.ts': 36,
  'lib/swarm/find-left.test.ts': 35,
  'lib/remote/ssh-remote.test.ts': 27,
  'suites/host-conditions.test.ts': 25,
  'lib/capture/keep/keep-property.test.ts': 24,
  'suites/causes-on-real-kernels.test.ts': 22,
  'suites/kernel-drops.test.ts': 17,
  'lib/swarm/guard-swarm.test.ts': 17,
  'lib/fuzz/fuzz.test.ts': 16,
  'lib/cli/report.test.ts': 15,
  'lib/fault/scripts.test.ts': 15,
  'lib/probe/agent-native.test.ts': 15,
  'suites/CTL/masked-payload.test.ts': 15,
  'lib/redact-value.test.ts': 14,
  'suites/counted-losses.test.ts': 14,
  'lib/topology/yaml-bounds.test.ts': 13,
  'lib/packet/capture-cuts.test.ts': 12,
  'suites/golden/golden-cases.test.ts': 12,
  'lib/probe/burst-native.test.ts': 11,
  'lib/remote/open-ssh/jump.test.ts': 11,
  'suites/expected-probes.test.ts': 10,
  'suites/namespace-drops.test.ts': 9,
  'lib/change/reversibly.test.ts': 9,
  'lib/remote/open-ssh/sudo.test.ts': 9,
  'lib/host/container/engine-over-ssh.test.ts': 9,
  'lib/conformance/verify-lab.test.ts': 9,
  'suites/balancer-settings.test.ts': 8,
  'lib/swarm/guard-start.test.ts': 7,
  'lib/packet/differential.test.ts': 7,
  'suites/scene/recordings/ask-as-application.test.ts': 22,
}

/** What the others take, about. */
const usualSeconds = 0.8

/** The unit tests of a checkout: parts that take about equally long, and files that want the machine for themselves. */
export function unitTests(folder, most) {
  const files = ['lib', 'suites', 'bench'].flatMap((room) =>
    readdirSync(join(folder, room), { recursive: true })
      .filter((name) => name.endsWith('.test.ts'))
      .map((name) => join(room, name))
      .sort(),
  )
  const isAlone = (file) => file.endsWith('.alone.test.ts')
  const takes = (file) => seconds[file] ?? usualSeconds
  const parts = Array.from({ length: most }, () => ({ files: [], seconds: 0 }))
  for (const file of files.filter((name) => !isAlone(name)).sort((a, b) => takes(b) - takes(a))) {
    const shortest = parts.reduce((least, part) => (part.seconds < least.seconds ? part : least))
    shortest.files.push(file)
    shortest.seconds += takes(file)
  }
  const longestFirst = parts.sort((a, b) => b.seconds - a.seconds).map((part) => part.files)
  return { parts: longestFirst.filter((part) => part.length > 0), alone: files.filter(isAlone) }
}
