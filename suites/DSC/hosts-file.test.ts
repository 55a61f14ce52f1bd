import { expect } from 'chai'
import { hostsFile, namesOfHost } from './hosts-file.ts'

const text = [
  '127.0.0.1 localhost',
  '::1 localhost ip6-localhost',
  'ff02::1 ip6-allnodes',
  '127.0.1.1 worker1',
  '# 192.0.2.1 old',
  '192.168.56.11\tmanager manager.lab # the first',
  '',
].join('\n')

describe('a hosts file', () => {
  it('gives addresses by name, comments left out', () => {
    expect([...hostsFile(text)]).to.deep.equal([
      ['localhost', ['127.0.0.1', '::1']],
      ['ip6-localhost', ['::1']],
      ['ip6-allnodes', ['ff02::1']],
      ['worker1', ['127.0.1.1']],
      ['manager', ['192.168.56.11']],
      ['manager.lab', ['192.168.56.11']],
    ])
  })

  it('tells the names that mean something elsewhere, too', () => {
    expect(namesOfHost(hostsFile(text))).to.deep.equal(['manager', 'manager.lab'])
    expect(namesOfHost(hostsFile(''))).to.deep.equal([])
  })
})
