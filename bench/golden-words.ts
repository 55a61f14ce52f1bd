/**
 * Keeps in every golden case the words that rules have now. Refuses, and keeps what was there, where more than words is
 * another, but in cases that are named: there that is meant.
 *
 *     npm run golden [-- CASE...]
 */
import { explainStored } from '../lib/cli/explain-stored.ts'
import { stdout } from '../lib/cli/output.ts'
import { goldenCases, readGolden, writeGolden } from '../suites/golden/golden-case.ts'

type Said = ReturnType<typeof explainStored>

const words = new Set(['title', 'proof'])
const wordless = (said: Said): string =>
  JSON.stringify(said, (key, value: unknown) => (words.has(key) ? undefined : value))
const titles = ({ findings }: Said): string => findings.map(({ title }) => title).join('; ')

const meant = process.argv.slice(2)

for (const name of goldenCases()) {
  const golden = readGolden(name)
  const [then, now] = [golden.said as Said, explainStored(golden.files)]
  if (wordless(then) !== wordless(now) && !meant.includes(name)) {
    stdout.write(`✘ ${name}: not only the words are others\n`)
    process.exitCode = 1
  } else if (JSON.stringify(then) !== JSON.stringify(now)) {
    writeGolden({ ...golden, said: now })
    stdout.write(`✔ ${name}: ${titles(now)}\n`)
  }
}
