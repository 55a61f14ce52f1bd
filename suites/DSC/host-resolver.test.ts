import { expect } from 'chai'
import { hostResolver } from './host-resolver.ts'

const read = (files: Readonly<Record<string, string>>) => (file: string) => files[file] ?? ''

describe('hostResolver', () => {
  it('reads nameservers and search domains of resolv.conf', () => {
    const text =
      '# comment\nnameserver 192.0.2.3\nnameserver fe80::1\nsearch old\nsearch corp.example lab.example\n'
    expect(hostResolver(read({ '/etc/resolv.conf': text }))).to.deep.equal({
      nameservers: ['192.0.2.3'],
      searchDomains: ['corp.example', 'lab.example'],
      from: '/etc/resolv.conf',
    })
  })

  it('looks behind the stub of systemd-resolved, and lets the engine’s own setting win', () => {
    const files = {
      '/etc/resolv.conf': 'nameserver 127.0.0.53\n',
      '/run/systemd/resolve/resolv.conf': 'nameserver 192.0.2.9\n',
    }
    expect(hostResolver(read(files)).nameservers).to.deep.equal(['192.0.2.9'])
    const set = { ...files, '/etc/docker/daemon.json': '{"dns": ["192.0.2.1"]}' }
    expect(hostResolver(read(set))).to.include({ from: '/etc/docker/daemon.json' })
    expect(hostResolver(read(set)).nameservers).to.deep.equal(['192.0.2.1'])
  })

  it('knows of none where there is none', () => {
    expect(hostResolver(read({ '/etc/docker/daemon.json': 'no json' })).nameservers).to.deep.equal([])
  })
})
