import { expect } from 'chai'
import { ruleWords } from './rule-words.ts'

describe('the words of a firewall rule', () => {
  it('are those iptables was given', () => {
    expect(ruleWords('-A INPUT ! -i lo -p tcp -m tcp --dport 80 -j DROP', 'web1')).to.deep.equal([
      ...['-A', 'INPUT', '!', '-i', 'lo', '-p', 'tcp', '-m', 'tcp', '--dport', '80', '-j', 'DROP'],
    ])
    // As an engine of version 28 made it.
    expect(ruleWords('-m bpf --bytecode "4,48 0 0 0,21 0 1 17,6 0 0 1" -j DROP', 'web1')).to.deep.equal([
      ...['-m', 'bpf', '--bytecode', '4,48 0 0 0,21 0 1 17,6 0 0 1', '-j', 'DROP'],
    ])
  })

  it('stay words, whatever a comment holds', () => {
    const rule = String.raw`-m comment --comment "a \"b\" \\ it\'s; $(id) ${'`id`'}" -j ACCEPT`
    expect(ruleWords(rule, 'web1')[3]).to.equal('a "b" \\ it\'s; $(id) `id`')
  })

  it('are refused where a quote is never closed', () => {
    expect(() => ruleWords('--comment "a', 'web1'))
      .to.throw('never closed')
      .with.property('host', 'web1')
  })
})
