import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
  symlinkSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect } from 'chai'
import { SwarmproofError } from '../error.ts'
import { readSections } from '../remote/sections.ts'
import { nativeHost } from '../host/native-host.fake.ts'
import { netlinkLines } from './netlink-lines.fake.ts'
import { recorded } from './recorded/recorded.fake.ts'
import { observeScript } from './observe-script.ts'
import type { HostState } from './host-state.ts'
import { parseHostState, readDevices, readHostState, readRules } from './read-host-state.ts'

const netlink = recorded('netlink-6.18', 'netlink.txt').trim()

const tenant = { name: 'ü1', address: '10.0.9.1', prefixLength: 24 }
const output = `@@ missing ipvsadm nothing,at,all ipvsadm
@@ clock
2026-11-21T06:47:20Z
@@ backend
/usr/sbin/xtables-nft-multi
@@ inodes
4026531840 /proc/self/ns/net
4026532734 /proc/739/ns/net
4026532530 /run/docker/netns/1-cgfznerai9
4026532734 /run/docker/netns/b888801bb95c
@@ namespace -
@@ netlink
${netlink}
@@ firewall
*nat
[30:1800] -A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER-INGRESS
@@ namespace /run/docker/netns/1-cgfznerai9
@@ netlink
${netlink}
@@ firewall
@@ failed iptables-save
@@ namespace /run/docker/netns/b888801bb95c
@@ netlink
links 
@@ namespace /run/docker/netns/gone
@@ unreadable /run/docker/netns/gone
@@ xfrm-state
@@ xfrm-policy
@@ modules
loaded vxlan
@@ sockets
udp 00000000:12B5
@@ end
`

describe('host state', () => {
  it('puts every table into its namespace', () => {
    const state = parseHostState('worker1', readSections(output, '@@'))
    expect(state).to.include({ host: 'worker1', takenAt: '2026-11-21T06:47:20Z' })
    expect(state.root).to.include({ inode: 'net:[4026531840]' })
    expect(state.root.links[0]?.name).to.equal('lo')
    expect(state.root.neighbours.map(({ device }) => device)).to.include('eth1')
    expect(state.root.firewall[0]).to.include({ table: 'nat', chain: 'PREROUTING' })
    expect(Object.keys(state.namespaces)).to.deep.equal(['1-cgfznerai9', 'b888801bb95c'])
    expect(state.namespaces['1-cgfznerai9']).to.include({ inode: 'net:[4026532530]' })
    expect(state.namespaces['1-cgfznerai9']?.fdb).to.have.lengthOf.above(3)
    expect(state.namespaces.b888801bb95c?.links).to.deep.equal([])
    expect(state.listeners).to.deep.equal([{ protocol: 'udp', address: '0.0.0.0', port: 4789 }])
  })

  it('matches processes to namespaces', () => {
    const state = parseHostState('worker1', readSections(output, '@@'))
    expect(state.namespaceOf[739]).to.equal(state.namespaces.b888801bb95c?.inode)
  })

  it('names what could not be read instead of calling it empty', () => {
    expect(parseHostState('worker1', readSections(output, '@@')).unavailable).to.deep.equal([
      { what: 'nothing, at, all', tool: 'ipvsadm', package: 'ipvsadm' },
      {
        what: 'output of iptables-save in /run/docker/netns/1-cgfznerai9',
        tool: 'iptables-save',
        package: '',
      },
      { what: 'namespace /run/docker/netns/gone', tool: 'perl', package: '' },
    ])
  })

  it('refuses output that was cut off, wherever it was cut', () => {
    for (let length = 0; length < output.length - 1; length += 7) {
      expect(
        () => parseHostState('worker1', readSections(output.slice(0, length), '@@')),
        `${length} characters`,
      )
        .to.throw(SwarmproofError)
        .that.includes({ code: 'OBSERVE_TRUNCATED', host: 'worker1' })
    }
  })

  it('takes nothing a tenant writes into its namespace for the host’s', () => {
    // A rule's comment with line breaks, as a container with CAP_NET_ADMIN may make it.
    const comment = [
      '-A OUTPUT -m comment --comment "x',
      '@@ xfrm-state',
      'src 192.0.2.1 dst 192.0.2.2',
      '\tproto esp spi 0x00001001 reqid 1 mode transport',
      '@@ y" -j ACCEPT',
    ].join('\n')
    const mark = '@@0123456789abcdef'
    const printed = output
      .replaceAll(/^@@(?= )/gm, mark)
      .replace(`${mark} failed iptables-save`, `*filter\n${comment}\nCOMMIT`)
    const state = parseHostState('worker1', readSections(printed, mark))
    expect(state.securityAssociations).to.deep.equal([])
    // The same rule printed behind marks that can be guessed.
    const guessed = parseHostState('worker1', readSections(printed.replaceAll(mark, '@@'), '@@'))
    expect(guessed.securityAssociations).to.have.lengthOf(1)
  })

  it('refuses what no kernel says in place of an address or a name', () => {
    for (const said of ['e id', 'e/h1', '-th1', 'a\n@@']) {
      const changed = Buffer.from(netlink.split('\n')[0]?.slice('links '.length) ?? '', 'base64')
        .toString('latin1')
        .replace('\x03\0eth1', `\x03\0${said}`)
      const lines = netlink.replace(/^links .*/, `links ${Buffer.from(changed, 'latin1').toString('base64')}`)
      expect(() => parseHostState('worker1', readSections(output.replace(netlink, lines), '@@')), said)
        .to.throw(SwarmproofError)
        .that.includes({ code: 'NOT_AN_IDENTIFIER', host: 'worker1' })
    }
  })

  it('leaves out, and names, a namespace in which an interface has a name that is none', () => {
    // A container may give its own any that its kernel takes.
    const [name, others] = ['namespace /run/docker/netns/tenant', netlinkLines(tenant)]
    const tenants = `@@ ${name}\n@@ netlink\n${others}\n`
    const whole = output.replace(/^@@ end$/m, `${tenants}@@ end`)
    const state = parseHostState('worker1', readSections(whole, '@@'))
    expect(state.namespaces).to.not.have.property('tenant')
    expect(state.unavailable).to.deep.include({ what: name, tool: 'perl', package: '' })
    expect(state.root).to.deep.equal(parseHostState('worker1', readSections(output, '@@')).root)
  })

  it('reads this machine', async function () {
    this.timeout(30_000)
    const state = await readHostState(nativeHost('here'), { pids: [process.pid, 999_999_999] })
    expect(state.root.forwards).to.equal(readFileSync('/proc/sys/net/ipv4/ip_forward', 'utf8').trim() === '1')
    expect(state.root.inode).to.match(/^net:\[\d+\]$/)
    expect(state.namespaceOf).to.deep.equal({ [process.pid]: state.root.inode })
    expect(state.kernelModules).to.have.property('vxlan')
    if (state.unavailable.length === 0) expect(state.root.links.map(({ name }) => name)).to.include('lo')
  })
})

describe('devices alone, and rules alone', () => {
  it('are what the whole has of them', async function () {
    if (process.getuid?.() !== 0 || process.platform !== 'linux') this.skip()
    const host = nativeHost('here')
    const [whole, devices] = [await readHostState(host), await readDevices(host)]
    const names = (links: typeof whole.root.links) => links.map(({ name }) => name)
    expect(names(devices.root.links)).to.deep.equal(names(whole.root.links)).and.to.include('lo')
    expect(devices.root.routes).to.deep.equal(whole.root.routes)
    expect(devices.root.inode).to.equal(whole.root.inode)
    expect(Object.keys(devices.namespaces)).to.deep.equal(Object.keys(whole.namespaces))
  })

  it('and rules alone, what it has of the host’s own firewall', async function () {
    if (process.getuid?.() !== 0 || process.platform !== 'linux') this.skip()
    const host = nativeHost('here')
    const [whole, rules] = [await readHostState(host), await readRules(host)]
    const places = ({ firewall }: Pick<typeof whole.root, 'firewall'>) =>
      firewall.map(({ table, chain, rule }) => `${table} ${chain} ${rule}`)
    expect(places(rules.root)).to.deep.equal(places(whole.root))
    expect(rules.root.inode).to.equal(whole.root.inode)
    expect(rules.firewallBackend).to.deep.equal(whole.firewallBackend)
    expect(rules.nftables).to.deep.equal(whole.nftables)
    expect(rules.unavailable).to.deep.equal(
      whole.unavailable.filter(({ tool }) => ['perl', 'iptables-save', 'nft'].includes(tool)),
    )
  })

  it('leave out every program that reads something else', () => {
    const folder = mkdtempSync(join(tmpdir(), 'swp-devices-'))
    try {
      const asked = join(folder, 'asked')
      for (const name of ['iptables', 'iptables-save', 'nft', 'tc', 'dmesg', 'cat', 'grep', 'sed', 'stat'])
        writeFileSync(join(folder, name), `#!/bin/sh\necho ${name} >>${asked}\n`, { mode: 0o755 })
      const run = (only?: 'devices' | 'rules') =>
        spawnSync('sh', ['-c', `mark=@@\n${observeScript({ only }).text}`], {
          env: { PATH: `${folder}:${process.env['PATH']}` },
          encoding: 'utf8',
        }).stdout
      expect(run('devices'))
        .to.include('@@ netlink')
        .and.to.match(/@@ end\n$/)
      expect(existsSync(asked)).to.equal(false)
      expect(run('rules'))
        .to.include('@@ backend')
        .and.to.match(/@@ namespace -\n[^]*@@ end\n$/)
        .and.not.to.match(/@@ (netlink|xfrm|files|modules|namespace \/|sockets)/)
      expect(readFileSync(asked, 'utf8')).not.to.match(/^(tc|dmesg|ip)$/m)
      run()
      expect(readFileSync(asked, 'utf8')).to.include('iptables-save').and.to.include('tc')
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

describe('keys', () => {
  const key = '0x66b8d7e2f15a4c09a1b2c3d4e5f60718293a4b5c'
  const fakeIp = `#!/bin/sh
case "$*" in
  *"xfrm state"*) printf 'src 192.0.2.1 dst 192.0.2.2\\n\\tproto esp spi 0xdcfea965 reqid 13681891 mode transport\\n'
    printf '\\treplay-window 0 \\n\\taead rfc4106(gcm(aes)) ${key} 64\\n'
    printf '\\tauth-trunc hmac(sha256) ${key} 96\\n\\tenc cbc(aes) 0x1234\\n\\tcomp deflate ${key}\\n\\tunheard-of ${key}\\n' ;;
  *"xfrm policy"*) printf 'src 192.0.2.1/32 dst 192.0.2.2/32\\n\\tdir out\\n\\t\\tkey ${key}\\n' ;;
  *) echo '[]' ;;
esac
`

  it('never leave the host', () => {
    const folder = mkdtempSync(join(tmpdir(), 'swp-test-'))
    try {
      writeFileSync(join(folder, 'ip'), fakeIp)
      chmodSync(join(folder, 'ip'), 0o755)
      // Whoever may not ask the kernel whether there are states asks ip.
      const words = ['sh', '-c', `mark=@@\n${observeScript().text}`]
      const front = process.getuid?.() === 0 ? ['setpriv', '--bounding-set', '-net_admin'] : []
      const [program = '', ...rest] = [...front, ...words]
      const { stdout } = spawnSync(program, rest, {
        env: { PATH: `${folder}:/usr/bin:/bin` },
        encoding: 'utf8',
      })
      expect(stdout).to.match(/^@@ end$/m)
      expect(stdout, 'the states were printed').to.contain('aead rfc4106(gcm(aes)) (redacted) 64')
      expect(stdout).to.contain('spi 0xdcfea965 reqid 13681891 mode transport')
      expect(stdout).not.to.match(/0x[0-9a-fA-F]{9,}/)
      expect(stdout).not.to.contain('0x1234')
      expect(stdout).not.to.contain(key.slice(10, 20))
      expect(parseHostState('here', readSections(stdout, '@@')).securityAssociations[0]).to.include({
        icvBits: 64,
      })
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

describe('tables of nftables', () => {
  it('are read where the kernel has nf_tables, as a module or built in, and nft loads it nowhere else', () => {
    const folder = mkdtempSync(join(tmpdir(), 'swp-test-'))
    try {
      const release = readFileSync('/proc/sys/kernel/osrelease', 'utf8').trim()
      const write = (file: string, text: string): void => {
        mkdirSync(dirname(join(folder, file)), { recursive: true })
        writeFileSync(join(folder, file), text, { mode: 0o755 })
      }
      write('tools/nft', `#!/bin/sh\necho '{"nftables": []}'\n`)
      const script = observeScript().text.replaceAll(
        /\/(sys\/module|lib\/modules|proc\/kallsyms)\b/g,
        `${folder}/$1`,
      )
      const isRead = (): boolean => {
        const { stdout } = spawnSync('sh', ['-c', `mark=@@\n${script}`], {
          env: { PATH: `${folder}/tools:/usr/bin:/bin` },
          encoding: 'utf8',
        })
        return parseHostState('here', readSections(stdout, '@@')).nftables !== undefined
      }
      expect(isRead(), 'nothing is known').to.equal(false)
      write('proc/kallsyms', '0000000000000000 T nft_do_chain\n')
      expect(isRead(), 'in a container of a kernel that has it').to.equal(true)
      write(`lib/modules/${release}/modules.builtin`, 'kernel/net/netfilter/nfnetlink.ko\n')
      expect(isRead(), 'not built in, not loaded').to.equal(false)
      write(`lib/modules/${release}/modules.builtin`, 'kernel/net/netfilter/nf_tables.ko\n')
      expect(isRead(), 'built in').to.equal(true)
      rmSync(join(folder, 'lib'), { recursive: true })
      rmSync(join(folder, 'proc'), { recursive: true })
      write('sys/module/nf_tables/refcnt', '1')
      expect(isRead(), 'loaded').to.equal(true)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

describe('a host whose perl is taken from a container', () => {
  it('is read by one container, which is told nothing but by words', () => {
    const folder = mkdtempSync(join(tmpdir(), 'swp-test-'))
    try {
      const [tools, files, log] = [
        join(folder, 'swarmproof-run-1'),
        join(folder, 'netns'),
        join(folder, 'log'),
      ]
      mkdirSync(tools)
      mkdirSync(files)
      writeFileSync(join(files, '1-ended'), '')
      // In the container perl is a real one, and of the environment there is what the toolbox hands over.
      const perl = `#!/bin/sh\necho once >>${log}\nexec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin perl "$@"\n`
      writeFileSync(join(tools, 'perl'), perl, { mode: 0o755 })
      const script = observeScript().text.replaceAll('/run/docker/netns', files)
      const { stdout } = spawnSync('sh', ['-c', `mark=@@\n${script}`], {
        env: { PATH: `${tools}:${process.env.PATH}` },
        encoding: 'utf8',
      })
      expect(stdout).to.match(/^@@ end$/m)
      expect(readFileSync(log, 'utf8')).to.equal('once\n')
      expect(stdout).to.contain(`@@ ended ${join(files, '1-ended')}\n`)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

describe('a host that cannot be read', () => {
  const withPerl = async (text: string | undefined): Promise<HostState> => {
    const folder = mkdtempSync(join(tmpdir(), 'swp-test-'))
    try {
      symlinkSync('/bin/sh', join(folder, 'sh'))
      if (text !== undefined) writeFileSync(join(folder, 'perl'), `#!/bin/sh\n${text}\n`, { mode: 0o755 })
      return await readHostState(nativeHost('web1', ['/usr/bin/env', `PATH=${folder}`, '/bin/sh', '-c']))
    } finally {
      rmSync(folder, { recursive: true })
    }
  }
  const code = async (text: string): Promise<unknown> =>
    withPerl(text).then(
      () => 'read',
      (error: unknown) => (error as SwarmproofError).code,
    )

  it('is none that has nothing, whether the program does not start or ends half way', async () => {
    expect(await code('exit 125')).to.equal('OBSERVE_FAILED')
    expect(await code('echo "${3#mark=} clock"; exit 1')).to.equal('OBSERVE_TRUNCATED')
  })

  it('says what is not there', async function () {
    // `observe.sh` looks in these, too.
    if (['/usr/sbin', '/sbin', '/usr/local/sbin'].some((path) => existsSync(join(path, 'perl')))) this.skip()
    expect((await withPerl(undefined)).unavailable).to.deep.equal([
      { what: 'everything', tool: 'perl', package: 'perl-base' },
    ])
  })
})

describe('files of namespaces that cannot be entered', () => {
  it('are of namespaces that ended, where no namespace is mounted on them any more, else unreadable', function () {
    if (process.getuid?.() !== 0 || process.platform !== 'linux') this.skip()
    const folder = mkdtempSync(join(tmpdir(), 'swp-test-'))
    try {
      writeFileSync(join(folder, '1-ended'), '')
      symlinkSync('/proc/self/ns/net', join(folder, '1-stands'))
      const script = observeScript().text.replaceAll('/run/docker/netns', folder)
      const read = (...front: string[]): HostState => {
        const [program = '', ...words] = [...front, 'sh', '-c', `mark=@@\n${script}`]
        return parseHostState(
          'here',
          readSections(spawnSync(program, words, { encoding: 'utf8' }).stdout, '@@'),
        )
      }
      const closed = ({ unavailable }: HostState): string[] =>
        unavailable.flatMap(({ what }) => (what.startsWith('namespace ') ? [what] : []))
      const whole = read()
      expect(Object.keys(whole.namespaces)).to.deep.equal(['1-stands'])
      expect(closed(whole)).to.deep.equal([])
      const unprivileged = read('setpriv', '--bounding-set', '-sys_admin')
      expect(unprivileged.namespaces).to.deep.equal({})
      expect(unprivileged.root.links).to.have.lengthOf(whole.root.links.length)
      expect(closed(unprivileged)).to.deep.equal([`namespace ${join(folder, '1-stands')}`])
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
