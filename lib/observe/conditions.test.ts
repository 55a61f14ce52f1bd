import { expect } from 'chai'
import { neighbourEntries, parseCounters, risenBetween } from './counters.ts'
import { loadBetween, parseHostLoad } from './host-load.ts'
import { parseKernelEvents } from './kernel-events.ts'
import { parseKernelFiles } from './kernel-files.ts'
import { parseQueueing } from './queueing.ts'
import { recorded } from './recorded/recorded.fake.ts'
import { parseSettingFiles, parseSettings, settingPattern, typedSetting } from './settings.ts'

const read = (file: string): string => recorded('conditions-of-a-node', file)
const files = parseKernelFiles(read('proc-files.txt').split('\n'))

/** The same files with one line written otherwise. */
function filesWith(path: string, rewrite: (line: string) => string): ReturnType<typeof parseKernelFiles> {
  return new Map([...files, [path, (files.get(path) ?? []).map((line) => rewrite(line))]])
}

describe('what a node says of itself', () => {
  it('reads the settings that decide, and of interfaces only what is not as the kernel makes it', () => {
    expect(parseSettings(files)).to.deep.include({
      'net.ipv4.ip_forward': '1',
      'net.ipv4.conf.all.rp_filter': '0',
      'net.ipv4.conf.eth1.rp_filter': '1',
    })
    expect(parseSettings(files)).not.to.have.any.keys('net.ipv4.conf.eth0.rp_filter', 'kernel.random.boot_id')
    expect(parseSettings(new Map())).to.equal(undefined)
  })

  it('reads counters of what was lost and leaves out those that are 0', () => {
    const counters = parseCounters(files)
    expect(counters).to.include.keys('softnet.squeezed')
    expect(Object.values(counters ?? {}).every((count) => count > 0)).to.equal(true)
    const more = parseCounters(
      filesWith('/proc/net/xfrm_stat', (line) => line.replace(/^(XfrmInNoStates\s+)0/, '$17')),
    )
    expect(risenBetween(counters, more, 'xfrm.InNoStates')).to.equal(7)
    expect(risenBetween(more, counters, 'xfrm.InNoStates')).to.equal(undefined)
    expect(risenBetween(undefined, more, 'xfrm.InNoStates')).to.equal(undefined)
  })

  it('sums what processors counted apart, and takes columns by their names', () => {
    const path = '/proc/net/stat/nf_conntrack'
    const [head = ''] = files.get(path) ?? []
    const row = head
      .trim()
      .split(/\s+/)
      .map((name) => (name === 'drop' ? '0000000a' : '00000000'))
      .join(' ')
    expect(parseCounters(new Map([[path, [head, row, row]]]))).to.deep.equal({ 'conntrack.drop': 20 })
  })

  it('reads how full the neighbour tables are', () => {
    expect(neighbourEntries(files)).to.be.within(1, 100)
    expect(neighbourEntries(new Map())).to.equal(undefined)
  })

  it('reads how busy the host is, between two readings', () => {
    const before = parseHostLoad(files)
    expect(before).to.include({ processors: 1 })
    expect(before?.average).to.be.within(0, 20)
    const after = parseHostLoad(
      filesWith('/proc/stat', (line) =>
        line
          .split(/ +/)
          .map((one, at) =>
            line.startsWith('cpu ') && (at === 1 || at === 8) ? String(Number(one) + 300) : one,
          )
          .join(' '),
      ),
    )
    expect(loadBetween(before, after)).to.deep.equal({ busy: 1, stolen: 0.5 })
    expect(loadBetween(before, before)).to.equal(undefined)
  })

  it('reads queueing disciplines that shape, and none of those that every interface has', () => {
    const [found, ...others] = parseQueueing(read('tc-qdisc.json'))
    expect(found).to.deep.include({ device: 'eth1', kind: 'netem', dropped: 0, does: ['delay'] })
    expect(others).to.deep.equal([])
  })

  it('reads which files set something, with dots and with slashes', () => {
    const lines = [
      '/etc/sysctl.d/10-x.conf:net.ipv4.ip_forward = 0',
      '/etc/sysctl.conf:-net/ipv4/conf/all/rp_filter=1',
    ]
    expect(parseSettingFiles(lines)).to.deep.equal([
      { file: '/etc/sysctl.d/10-x.conf', setting: 'net.ipv4.ip_forward', value: '0' },
      { file: '/etc/sysctl.conf', setting: 'net.ipv4.conf.all.rp_filter', value: '1' },
    ])
    const pattern = new RegExp(`^(${settingPattern.replaceAll('[:space:]', '\\s')})\\s*=`)
    expect(lines.map((line) => pattern.test(line.replace(/^[^:]+:-?/, '')))).to.deep.equal([true, true])
  })

  it('names a setting as sysctl takes it, of interfaces with dots as well', () => {
    expect(typedSetting('net.ipv4.conf.eth0.100.forwarding')).to.equal('net/ipv4/conf/eth0.100/forwarding')
    for (const name of ['net.ipv4.conf.eth0.forwarding', 'net.ipv4.ip_forward'])
      expect(typedSetting(name)).to.equal(name)
  })

  it('reads what the kernel said, and nothing of who it was about', () => {
    expect(
      parseKernelEvents([
        '[  812.101544] nf_conntrack: nf_conntrack: table full, dropping packet',
        '[ 1200.000001] neighbour: arp_cache: neighbor table overflow!',
        '[ 1300.5] Out of memory: Killed process 812 (java) total-vm:1kB',
        '[    9.400000] e1000e 0000:00:03.0 eth1: NIC Link is Down',
        '[   10.000000] eth1: hw csum failure',
        '[   11.000000] br0: port 2(veth0) entered forwarding state',
        'no time',
      ]),
    ).to.deep.equal([
      { kind: 'conntrack-full', uptimeSeconds: 812.101544 },
      { kind: 'neighbours-full', uptimeSeconds: 1200.000001 },
      { kind: 'out-of-memory', uptimeSeconds: 1300.5 },
      { kind: 'link-down', uptimeSeconds: 9.4, device: 'eth1' },
      { kind: 'wrong-checksum', uptimeSeconds: 10, device: 'eth1' },
    ])
  })
})
