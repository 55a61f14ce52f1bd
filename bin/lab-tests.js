import { readdirSync } from 'node:fs'
import { join } from 'node:path'

const named = (...names) => names.map((name) => join('suites', `${name}.lab.ts`))

/** These share one lab, each as the one before leaves it: the most precise first. */
const first = named('three-node', 'existing-swarm', 'existing-hosts')
/** Left out where it is late. */
const last = named('custom-port', 'faults')

/** The lab tests of a checkout, in the order in which they run. */
export function labTests(folder) {
  const files = ['lib', 'suites'].flatMap((room) =>
    readdirSync(join(folder, room), { recursive: true })
      .filter((name) => name.endsWith('.lab.ts'))
      .map((name) => join(room, name))
      .sort(),
  )
  const ofProviders = files.filter((file) => file.startsWith('lib'))
  const order = [...ofProviders, ...first, ...files.filter((file) => !last.includes(file)), ...last]
  return [...new Set(order)].filter((file) => files.includes(file))
}
