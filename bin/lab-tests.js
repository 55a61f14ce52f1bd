import { readdirSync } from 'node:fs'
import { join } from 'node:path'

/** Share one lab, each as the one before leaves it: the most precise first, what breaks the lab last. */
const sharing = ['three-node', 'existing-swarm', 'existing-hosts', 'faults'].map((name) =>
  join('suites', `${name}.lab.ts`),
)

/** The lab tests of a checkout, in the order in which they run. */
export function labTests(folder) {
  const files = ['lib', 'suites'].flatMap((room) =>
    readdirSync(join(folder, room), { recursive: true })
      .filter((name) => name.endsWith('.lab.ts'))
      .map((name) => join(room, name))
      .sort(),
  )
  const place = (file) => 1 + sharing.indexOf(file) || (file.startsWith('lib') ? 0 : sharing.length + 1)
  return files.sort((a, b) => place(a) - place(b))
}
