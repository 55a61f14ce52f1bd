import { execFileSync } from 'node:child_process'
import { expect } from 'chai'
import { quote, scriptLines, sh } from './script.ts'

/** What a real shell takes the words of a script for. */
function wordsOf(script: string): string[] {
  const out = execFileSync('sh', ['-c', `printf '%s\\0' ${script}`], { encoding: 'utf8' })
  return out.split('\0').slice(0, -1)
}

const hostile = [
  '',
  ' ',
  "'",
  '"',
  '$(id)',
  '`id`',
  '\\',
  '\n',
  ';id',
  '*',
  '~',
  '-x',
  '#',
  'a b',
  "a'b'c",
  '${IFS}',
  '!x',
  'é',
  '&',
  '|',
  '<x',
  '{a,b}',
  '\r',
  '\t',
]

describe('a script', () => {
  it('takes every word as exactly that word, in a real shell', () => {
    for (const word of hostile) expect(wordsOf(sh`${word}`.text), word).to.deep.equal([word])
    expect(wordsOf(sh`${hostile}`.text)).to.deep.equal(hostile)
    expect(wordsOf(sh`--label=${'a b'}/c ${7}`.text)).to.deep.equal(['--label=a b/c', '7'])
  })

  it('takes words of random characters as they are', () => {
    const characters = `'"$\`\\;&|<>(){}[]*?~#!\n\t =-abc`
    let state = 7
    const next = (below: number): number =>
      (state = (state * 1103515245 + 12345) % 2147483648) && Math.floor((state / 2147483648) * below)
    const words = Array.from({ length: 300 }, () =>
      Array.from({ length: next(20) }, () => characters[next(characters.length)]).join(''),
    )
    expect(wordsOf(sh`${words}`.text)).to.deep.equal(words)
    for (const word of words.slice(0, 40)) {
      const inner = sh`printf '%s\0' ${word}`
      expect(wordsOf(sh`"$(sh -c ${inner.text} | tr '\0' x)"`.text), word).to.deep.equal([`${word}x`])
    }
  })

  it('is inserted into another as it is, and given to another shell as one word', () => {
    const inner = sh`echo ${"it's"}`
    expect(sh`nsenter -t ${12} -n ${inner}`.text).to.equal(`nsenter -t 12 -n echo 'it'\\''s'`)
    expect(execFileSync('sh', ['-c', sh`sh -c ${inner.text}`.text], { encoding: 'utf8' })).to.equal("it's\n")
    expect(scriptLines([inner, sh`true`]).text).to.equal("echo 'it'\\''s'\ntrue")
  })

  it('refuses an insertion that would not stay one word', () => {
    const x = '$(id)'
    expect(() => sh`echo "${x}"`).to.throw('within quotes')
    expect(() => sh`echo '${x}'`).to.throw('within quotes')
    expect(() => sh`echo "a $(echo "${x}")"`).to.throw('within quotes')
    expect(() => sh`echo "$(echo ')' "${x}")"`).to.throw('within quotes')
    expect(() => sh`echo $${x}`).to.throw('behind a dollar sign')
    expect(() => sh`true # ${x}`).to.throw('in a comment')
    expect(
      () => sh`cat <<END
${x}
END`,
    ).to.throw('here-document')
    expect(() => sh`echo $((1 + ${x}))`).to.throw('within arithmetic')
    expect(() => sh`echo "$(((1) + ${x}))"`).to.throw()
    expect(() => sh`echo ${[]}# ${'\nid'}`).to.throw('with a #')
    expect(() => sh`a "$(case a in a) echo " ${x} " ;; esac)"`).to.throw('case')
    expect(() => sh`echo \`id ${x}\``).to.throw()
    expect(() => sh`echo ${'a\0b'}`).to.throw('NUL')
  })

  it('takes insertions behind closed quotes, within $( ) and behind a # that begins no comment', () => {
    expect(sh`a 'b' "c" ${'d e'}`.text).to.equal(`a 'b' "c" 'd e'`)
    expect(sh`a $((1 + (2))) ${'d e'} "$((3))"`.text).to.equal(`a $((1 + (2))) 'd e' "$((3))"`)
    expect(sh`a "$(b ${'c d'})"`.text).to.equal(`a "$(b 'c d')"`)
    expect(sh`a=b#c ${'d e'} "\${f#g}"`.text).to.equal(`a=b#c 'd e' "\${f#g}"`)
    expect(
      sh`# says it's so
echo ${'a b'}`.text,
    ).to.match(/'a b'$/)
  })
})

describe('quoting', () => {
  it('leaves plain words readable', () => {
    expect(quote('label=a-b_c.d/e:f@g,h')).to.equal('label=a-b_c.d/e:f@g,h')
    expect(quote('')).to.equal("''")
  })
})
