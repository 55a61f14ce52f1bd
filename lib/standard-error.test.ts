import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { packageRoot } from './package-root.ts'

/**
 * Words on standard error are for people: engines, clients and shells change them, translate them and add warnings. What
 * decides is an exit code, or a mark that our own script prints.
 */
const parsing: readonly RegExp[] = [
  // A question about the text, or a part of it by its position.
  /\b(?:test|exec|includes|startsWith|endsWith|match|matchAll|search)\([^()\n]*\bstderr\b/,
  /#?\bstderr\b(?:\??\.(?:toString|trim|toLowerCase)\([^)]*\))*\??\.(?:includes|startsWith|endsWith|match|matchAll|search|indexOf)\(/,
  // A shell that asks, or hands it to a program that does.
  /2>&1 *\| *(?:grep|sed|awk|cut|head|tail)\b/,
  /2>&1\)[^`]*?\bcase \$/,
]

/** tcpdump tells how many packets were lost nowhere else; what cannot be read there counts as unknown. */
const allowed = new Set(['lib/capture/tcpdump-report.ts'])

function finds(text: string): boolean {
  return parsing.some((pattern) => pattern.test(text))
}

describe('standard error', () => {
  it('is parsed nowhere', () => {
    const root = packageRoot()
    const found = ['lib', 'suites'].flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
        .map((name) => `${folder}/${name}`)
        .filter((name) => name.endsWith('.ts') && !/\.(test|fake|lab)\.ts$/.test(name) && !allowed.has(name))
        .filter((name) => finds(readFileSync(join(root, name), 'utf8'))),
    )
    expect(found).to.deep.equal([])
  })

  for (const text of [
    "if (result.stderr.includes('No such service')) return",
    'const lines = /error: (.*)/.exec(stderr)',
    "if (answer.stderr.trim().startsWith('WARNING')) {",
    'if (/not found/.test(this.#stderr)) return',
    'sh`docker info 2>&1 | grep -q Swarm`',
    "sh`until out=$(docker service rm ${name} 2>&1); do case $out in *'not found'*) break ;; esac; done`",
  ])
    it(`would not be allowed in ${text}`, () => expect(finds(text)).to.equal(true))
})
