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
  [/\bis no (?:UDP|IPv4|IPv6|MAC|Docker|JSON|VXLAN|task|endpoint|running|capture)\b/, 'is not a'],
  [/\b[Tt]o do it again\b/, 'reproduce with'],
  [/\bmend(?:s|ed|ing)?\b/, 'fix'],
  [/\bby way of\b/, 'via'],
  [/\bhas not (?:the|an?|its)\b/, 'has no, or lacks'],
  [/\bknows no way\b/, 'has no forwarding entry'],
  [/\bbreak or shape\b/, 'disrupt or reconfigure'],
  [/\bleave one of the two away\b/, 'use only one of the two'],
  [/\bcould not be known\b/, 'is inconclusive'],
]

/** What people read: the lines of our sources but for comments, and the pages. */
function* linesIn(folder: string): Generator<readonly [string, string]> {
  for (const name of readdirSync(join(packageRoot(), folder), { recursive: true, encoding: 'utf8' })) {
    if (!/\.(?:ts|sh|pl)$/.test(name) || /\.(test|fake|lab)\.ts$/.test(name)) continue
    const lines = readFileSync(join(packageRoot(), folder, name), 'utf8').split('\n')
    for (const [index, line] of lines.entries())
      if (!/^\s*(?:\*|\/\/|\/\*|#)/.test(line)) yield [`${folder}/${name}:${index + 1}`, line]
  }
}

describe('words of messages and help', () => {
  it('are those of a native speaker', () => {
    const found = [...linesIn('lib'), ...linesIn('suites')].flatMap(([place, line]) =>
      phrases
        .filter(([phrase]) => phrase.test(line))
        .map(([phrase, better]) => `${place}: ${phrase.exec(line)?.[0]}; write: ${better}`),
    )
    expect(found).to.deep.equal([])
  })
})
