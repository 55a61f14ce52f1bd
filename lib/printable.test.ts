import { expect } from 'chai'
import { escapeMarkup, printable } from './printable.ts'

describe('printable text', () => {
  it('leaves nothing that XML 1.0 forbids, whatever the code unit', () => {
    const legal = /^[\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]*$/u
    for (let unit = 0; unit <= 0xffff; unit += 1) {
      const text = printable(`a${String.fromCharCode(unit)}b`)
      if (!legal.test(text)) expect.fail(`code unit ${unit.toString(16)} came through`)
    }
  })

  it('shows what it replaced and keeps what can be read', () => {
    expect(printable('a\u0000\u001b[31m\tb\r\nc\u202ed')).to.equal('a\\u0000\\u001b[31m\tb\nc\\u202ed')
    expect(printable('→ ä 漢 😀')).to.equal('→ ä 漢 😀')
    expect(printable('\ud83d alone')).to.equal('\\ud83d alone')
  })

  it('escapes markup', () => {
    expect(escapeMarkup(`</script><b a="1" b='2'>&amp;`)).to.equal(
      '&lt;/script&gt;&lt;b a=&quot;1&quot; b=&#39;2&#39;&gt;&amp;amp;',
    )
  })
})
