import { spawnSync } from 'node:child_process'
import { expect } from 'chai'
import { type Script, sh } from '../script.ts'
import { frontProgram } from './docker-front.ts'

/** The words that docker gets, as a front of it passes them on. */
function passedOn(change: Script, words: readonly string[]): string[] {
  const program = frontProgram(change).text.replace('exec /usr/bin/docker', String.raw`printf '%s\0'`)
  const { stdout, stderr } = spawnSync('sh', ['-c', program, 'docker', ...words], { encoding: 'utf8' })
  expect(stderr).to.equal('')
  return stdout.split('\0').slice(0, -1)
}

describe('a front of docker', () => {
  it('changes the words it is to change, and passes all others on as they are', () => {
    const others = ['network', 'create', "it's", '$(id)', '*', '', 'a\nb\n', 'net']
    const widened = sh`*/29) word="\${word%.*}.0/24"`
    expect(passedOn(widened, [...others, '10.1.2.8/29'])).to.deep.equal([...others, '10.1.2.0/24'])
    const port = sh`published=${8080},*) word="published=0,\${word#*,}"`
    expect(passedOn(port, [...others, 'published=8080,target=80', 'published=8081,target=80'])).to.deep.equal(
      [...others, ...['published=0,target=80', 'published=8081,target=80']],
    )
    const hostile = sh`${"e'$(id)*"}) word=${"o'$(id) th"}`
    expect(passedOn(hostile, [...others, "e'$(id)*"])).to.deep.equal([...others, "o'$(id) th"])
  })
})
