import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { packageRoot } from './package-root.ts'

/** Phrases that a native speaker would not use, with what to write instead. */
const phrases: readonly (readonly [RegExp, string])[] = [
  [/\banew\b/i, 'again, or rebuild, recreate'],
  [/\bsomebody has\b/, 'existing'],
  [/\bis no (?:valid|part|line|word|tag|id|file|section|directory|address|regular|whole)\b/, 'is not a'],
  [/\bnot any more\b|\bany more[.'`]/, 'no longer'],
  [/\bhosts that you have\b/, 'existing hosts'],
  [/\bit cannot be told which\b/, 'it is unclear which'],
]

/** Findings and problems are not looked at yet: their words are still being written. */
const later = /^(?:diagnosis|observation)\//

/** What people read: the lines of our sources but for comments, and the pages. */
function* linesIn(folder: string): Generator<readonly [string, string]> {
  for (const name of readdirSync(join(packageRoot(), folder), { recursive: true, encoding: 'utf8' })) {
    if (!/\.(?:ts|sh|pl)$/.test(name) || later.test(name) || /\.(test|fake|lab)\.ts$/.test(name)) continue
    const lines = readFileSync(join(packageRoot(), folder, name), 'utf8').split('\n')
    for (const [index, line] of lines.entries())
      if (!/^\s*(?:\*|\/\/|\/\*|#)/.test(line)) yield [`${folder}/${name}:${index + 1}`, line]
  }
}

describe('words of messages and help', () => {
  it('are those of a native speaker', () => {
    const found = [...linesIn('lib')].flatMap(([place, line]) =>
      phrases
        .filter(([phrase]) => phrase.test(line))
        .map(([phrase, better]) => `${place}: ${phrase.exec(line)?.[0]}; write: ${better}`),
    )
    expect(found).to.deep.equal([])
  })
})
