import { expect } from 'chai'
import { paintMark, style, textWidth, wrap } from './terminal.ts'

describe('terminal', () => {
  it('colours on a terminal only, and not against NO_COLOR', () => {
    expect(style({ isTTY: true }, {}).red('x')).to.equal(`${paintMark}[31mx${paintMark}[39m`)
    expect(style({ isTTY: true }, { NO_COLOR: '' }).bold('x')).to.contain(`${paintMark}[`)
    for (const plain of [
      style({}, {}),
      style({ isTTY: true }, { NO_COLOR: '1' }),
      style({ isTTY: true }, { TERM: 'dumb' }),
    ]) {
      expect(plain.red('x') + plain.bold('y') + plain.dim('z')).to.equal('xyz')
    }
  })

  it('takes the width of the terminal within reason', () => {
    expect(textWidth({ columns: 60 })).to.equal(60)
    expect(textWidth({ columns: 300 })).to.equal(110)
    expect(textWidth({ columns: 0 })).to.equal(80)
    expect(textWidth({})).to.equal(80)
  })

  it('wraps at spaces, indents what follows, keeps long words and line breaks', () => {
    expect(wrap('one two three four', 9)).to.equal('one two\nthree\nfour')
    expect(wrap('one two three', 9, '  ', '- ')).to.equal('- one two\n  three')
    expect(wrap('a incomprehensibilities b', 10)).to.equal('a\nincomprehensibilities\nb')
    expect(wrap('a\n\nb', 10, ' ', '')).to.equal('a\n\n b')
  })
})
