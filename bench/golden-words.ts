/**
 * Keeps in every golden case the words that rules have now. Refuses, and keeps what was there, where more than words is
 * another, but in cases that are named: there that is meant.
 *
 *     npm run golden [-- CASE...]
 */
import { explainStored } from '../lib/cli/explain-stored.ts'
import { stderr, stdout } from '../lib/cli/output.ts'
import { goldenCases, readGolden, writeGolden } from '../suites/golden/golden-case.ts'

type Said = ReturnType<typeof explainStored>

const words = new Set(['title', 'proof'])
const wordless = (said: Said): string =>
  JSON.stringify(said, (key, value: unknown) => (words.has(key) ? undefined : value))
const titles = ({ findings }: Said): string => findings.map(({ title }) => title).join('; ')

const meant = process.argv.slice(2)
const cases = goldenCases()
const unknown = meant.filter((name) => !cases.includes(name))
if (unknown.length > 0) {
  stderr.write(`there is no golden case ${unknown.join(', ')}: suites/golden has them, NAME.json.br\n`)
  process.exit(64)
}

for (const name of cases) {
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
