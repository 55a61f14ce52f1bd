import { spawn } from 'node:child_process'
import { appendFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { unpackRun } from '../suites/stored/stored-run.ts'
import { packageRoot } from './package-root.ts'
import { encodeEthernet, encodeIpv4 } from './packet/encode.ts'
import { PcapWriter } from './packet/pcap-writer.ts'

/** What docs/house.md promises of each kind: its file, and the line in the file that lists the kind. */
const additions: Readonly<Record<string, readonly [file: string, text: string, list: string, line: string]>> =
  {
    requirement: [
      'suites/GWB/gwb-06-added.ts',
      `import { requirement } from '../../lib/conformance/test.ts'
      import { judgement } from '../../lib/observation/judgement.ts'
      export const added = requirement({
        id: 'GWB-06', requirement: 'An added requirement holds.', source: [{ document: 'made up' }],
        safety: 'production', needs: [], method: 'looking', usualCauses: ['none'], remedy: ['nothing'],
        codes: ['not-delivered'], changes: [], quiet: [], reads: [],
        observe: async () => ({ seen: true }),
        judge: ({ seen }) => judgement({ problems: seen ? [] : [{ code: 'not-delivered', kind: 'missed' }], conclusion: 'it holds' }),
      })`,
      'suites/GWB/index.ts',
      `export { added } from './gwb-06-added.ts'`,
    ],
    rule: [
      'lib/diagnosis/rules/added-rule.ts',
      `import type { Rule } from '../rule.ts'
      export const addedRule: Rule = {
        code: 'added-rule', title: 'An added rule spoke', severity: ['advice'], gravity: 15,
        meaning: 'it was added', proof: ['it is there'], silencedBy: ['nothing'], remedy: ['nothing'], reports: [],
        find: () => [{ severity: 'advice', title: 'An added rule spoke', cause: 'it was added', remedy: ['nothing'] }],
      }`,
      'lib/diagnosis/rules/index.ts',
      `export { addedRule } from './added-rule.ts'`,
    ],
    fault: [
      'lib/fault/added-fault.ts',
      `import type { Fault } from './fault.ts'
      export const addedFault: Fault = {
        name: 'added-fault', description: 'An added fault is planted.', breaks: ['GWB-06'],
        plant: async ({ cluster }) => ({ remove: async () => undefined, host: cluster.manager.host.name }),
      }`,
      'lib/fault/index.ts',
      `export { addedFault } from './added-fault.ts'`,
    ],
    layer: [
      'lib/packet/added-layer.ts',
      `import type { Span } from './packet.ts'
      import { packetLayer } from './packet-layer.ts'
      interface AddedLayer extends Span { readonly protocol: 'added'; readonly speaker: string }
      declare module './packet.ts' { interface Layers { added: AddedLayer } }
      export const added = packetLayer({
        name: 'added',
        ipProtocols: [253],
        decode(walk) {
          if (!walk.has('added', 1)) return undefined
          walk.push({ protocol: 'added', offset: walk.offset, headerBytes: 1, speaker: '198.51.100.' + walk.u8(0) })
          return undefined
        },
        addresses: ({ speaker }) => [speaker],
        summarize: ({ speaker }) => 'added, ' + speaker,
      })`,
      'lib/packet/layers.ts',
      `export { added } from './added-layer.ts'`,
    ],
    format: [
      'lib/report/added-format.ts',
      `import { fileFormat } from './format.ts'
      export const added = fileFormat({
        id: 'added', name: 'Added', describe: 'an added format', file: 'added.txt',
        render: ({ requirements }) => requirements.map(({ id }) => id).join(),
      })`,
      'lib/report/formats.ts',
      `export { added } from './added-format.ts'`,
    ],
    provider: [
      'lib/host/added-provider.ts',
      `import { InputError } from '../error.ts'
      import type { HostProvider } from './host.ts'
      const refuse = async (): Promise<never> => {
        throw new InputError({ code: 'ADDED', what: 'the added provider was asked for hosts' })
      }
      export const added: HostProvider = {
        origin: { id: 'added', name: 'added hosts', owned: true, sharesKernel: false },
        start: refuse, attach: refuse, remove: refuse,
        list: async () => [], candidates: async () => [], clean: async () => ({ removed: [], left: [] }),
      }`,
      'lib/host/providers.ts',
      `export { added } from './added-provider.ts'`,
    ],
  }

describe('one file and one line', function () {
  this.timeout(120_000)
  const original = packageRoot()
  let copy = ''

  before(() => {
    copy = mkdtempSync(join(tmpdir(), 'swarmproof-extension-'))
    for (const name of [
      'bin',
      'lib',
      'suites',
      'topologies',
      'package.json',
      'package-lock.json',
      'tsconfig.json',
    ])
      cpSync(join(original, name), join(copy, name), { recursive: true })
    symlinkSync(join(original, 'node_modules'), join(copy, 'node_modules'))
    for (const [file, text, list, line] of Object.values(additions)) {
      writeFileSync(join(copy, file), `${text}\n`)
      appendFileSync(join(copy, list), `${line}\n`)
    }
    mkdirSync(join(copy, 'run'))
    unpackRun('forwarding-off', join(copy, 'run'))
  })
  after(() => rmSync(copy, { recursive: true, force: true }))

  async function swarmproof(...words: string[]): Promise<string> {
    const child = spawn(process.execPath, ['bin/swarmproof.js', ...words], {
      cwd: copy,
      env: { ...process.env, JAVA_HOME: '/nowhere' },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let text = ''
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (text += chunk.toString()))
    await new Promise((resolve) => child.once('close', resolve))
    return text
  }

  it('add a requirement', async () => {
    expect(await swarmproof('list')).to.match(/GWB-06 .*An added requirement holds\./)
  })

  it('add a rule, which is asked of a stored run', async () => {
    const { findings } = JSON.parse(await swarmproof('judge', 'run', '--json')) as {
      findings: { code: string }[]
    }
    expect(findings.map(({ code }) => code)).to.include.members(['added-rule', 'forwarding-off'])
  })

  it('add a fault', async () => {
    expect(await swarmproof('faults', '--list')).to.contain('added-fault')
  })

  it('add a packet layer, which is counted and filtered by its name and its addresses', async () => {
    const ip = { source: '192.0.2.1', destination: '192.0.2.2' }
    const mac = { source: '02:00:00:00:00:01', destination: '02:00:00:00:00:02', etherType: 0x0800 }
    const frames = [7, 8].map((speaker) =>
      encodeEthernet(mac, encodeIpv4({ ...ip, protocol: 253 }, Uint8Array.of(speaker, 0))),
    )
    const timestamp = { seconds: 1, nanoseconds: 0, digits: 9 }
    const packets = frames.map((bytes) => ({ timestamp, bytes, originalBytes: bytes.byteLength }))
    writeFileSync(join(copy, 'added.pcap'), new PcapWriter().file(packets))
    const all = await swarmproof('inspect', 'added.pcap', '--json')
    expect(JSON.parse(all)).to.include({ packets: 2 })
    expect(all).to.contain('"added"')
    const some = await swarmproof('inspect', 'added.pcap', '--filter', 'address=198.51.100.7', '--json')
    expect(JSON.parse(some)).to.include({ packets: 1 })
  })

  it('add a report format', async () => {
    const { added } = JSON.parse(await swarmproof('report', 'run', '--json')) as { added?: string }
    expect(added).to.match(/added\.txt$/)
    expect(await swarmproof('report', '--help')).to.contain('an added format')
  })

  it('add a provider of hosts', async () => {
    const told = await swarmproof('up', 'three-node', '--hosts', 'added')
    expect(told).to.contain('Hosts are added hosts').and.contain('the added provider was asked for hosts')
  })
})
