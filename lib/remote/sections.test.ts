import { expect } from 'chai'
import { nativeHost } from '../host/native-host.fake.ts'
import { execSections, readSections } from './sections.ts'
import { sh } from '../script.ts'

const { remote } = nativeHost('here')

describe('sections of what a script prints', () => {
  it('are told apart by name, with their arguments and lines', async () => {
    const { sections } = await execSections(
      remote,
      sh`echo "$mark one a b"; echo 1; echo; echo 2; echo "$mark two"; echo "$mark end"`,
    )
    expect(sections.all).to.deep.equal([
      { name: 'one', argument: 'a b', lines: ['1', '2'] },
      { name: 'two', argument: '', lines: [] },
      { name: 'end', argument: '', lines: [] },
    ])
    expect(sections).to.include({ complete: true })
    expect(sections.lines('one')).to.deep.equal(['1', '2'])
    expect(sections.lines('three')).to.deep.equal([])
  })

  it('cannot be begun by what is printed of others, for the mark is another one each time', async () => {
    const show = sh`echo "$mark rules"; echo '@@ states'; echo "$mark end"; echo "$mark"`
    const marks = new Set<string>()
    for (let call = 0; call < 8; call += 1) {
      const { result, sections } = await execSections(remote, show)
      expect(sections.lines('rules')).to.deep.equal(['@@ states'])
      marks.add(result.stdout.trim().split('\n').at(-1) ?? '')
    }
    expect(marks.size).to.equal(8)
    // A line of a comment that was seen in one call says nothing in the next.
    for (const mark of marks) expect(mark).to.match(/^@@[0-9a-f]{16}$/)
  })

  it('are incomplete where output was cut off', () => {
    const output = '@@ a\n1\n@@ end\n'
    expect(readSections(output, '@@').complete).to.equal(true)
    for (let length = 0; length < output.length - 1; length += 1)
      expect(readSections(output.slice(0, length), '@@').complete, String(length)).to.equal(false)
  })
})
