import { expect } from 'chai'
import type { Found } from '../swarm/find-left.ts'
import { silentProgress } from '../progress.ts'
import { FakeRemote } from '../remote/fake-remote.ts'
import { inSections } from '../remote/sections.fake.ts'
import { cleanInventory } from './clean-hosts.ts'
import { type CleanedHosts, cleanedText, exitCodeOfCleaning } from './cleaned-hosts.ts'
import { cleanCommand } from './clean.ts'

const dead: Found = {
  ...{ host: 'web1', run: '20260102T030405Z-aaaa', kind: 'service' },
  ...{ id: 'k2v9', name: 'swp-abcd-web' },
}
const alive: Found = { ...dead, run: '20260102T030406Z-bbbb', name: 'swp-efgh-web', id: 'p3w8' }

const cleaned = (changes: Partial<CleanedHosts>): CleanedHosts => ({
  ...{ hosts: ['web1'], run: undefined, found: [dead, alive], kept: [alive] },
  ...{ living: [{ host: 'web1', run: alive.run }], removed: [], left: [], dryRun: false },
  ...changes,
})

async function refusal(...words: string[]): Promise<string> {
  try {
    await cleanCommand().exitOverride().parseAsync(words, { from: 'user' })
  } catch (error) {
    return (error as Error).message
  }
  return 'nothing'
}

describe('clean, with hosts', () => {
  it('names what it removed, and what it left because its run lives', () => {
    expect(cleanedText(cleaned({ removed: [dead] }))).to.equal(
      [
        'web1: removed service swp-abcd-web of run 20260102T030405Z-aaaa',
        'web1: left, because its run is still alive (--force removes it too): service swp-efgh-web of run 20260102T030406Z-bbbb',
        '',
      ].join('\n'),
    )
  })

  it('says beforehand what it would do', () => {
    expect(cleanedText(cleaned({ dryRun: true }))).to.equal(
      [
        'web1: would remove service swp-abcd-web of run 20260102T030405Z-aaaa',
        'web1: would leave, because its run is still alive: service swp-efgh-web of run 20260102T030406Z-bbbb',
        '',
      ].join('\n'),
    )
  })

  it('names what could not be removed with what to do', () => {
    const left = [{ host: 'web1', what: 'network swp-abcd-clear', remove: 'docker network rm 7ac1' }]
    expect(cleanedText(cleaned({ found: [], kept: [], left }))).to.equal(
      'web1: COULD NOT REMOVE network swp-abcd-clear\n  do next:  docker network rm 7ac1\n',
    )
  })

  it('says so where nothing is left', () => {
    const nothing = { found: [], kept: [], living: [] }
    expect(cleanedText(cleaned(nothing))).to.equal('nothing is left of any run\n')
    expect(cleanedText(cleaned({ ...nothing, run: dead.run }))).to.equal(
      'nothing is left of run 20260102T030405Z-aaaa\n',
    )
  })

  it('refuses words that do not go together, before any host is asked', async () => {
    expect(await refusal('web1', '--all')).to.contain('--all and --cache are for labs')
    expect(await refusal('--dry-run')).to.contain('work with hosts only, but no host is named')
    expect(await refusal('web1', '--run', '../etc')).to.contain("'../etc' is not the id of a run")
  })
})

/** A node's id as swarmkit makes them. */
const idOf = (name: string): string => name.padEnd(25, '0')

const node = (name: string, role: string): string =>
  JSON.stringify({
    ID: idOf(name),
    Description: { Hostname: name },
    Spec: { Role: role, Availability: 'active' },
    Status: { State: 'ready', Addr: `10.0.0.${name.slice(1)}` },
  })

/** A node of a swarm of four that holds the service and the container of a run until they are removed. */
function nodeRemote(name: string, isManager: boolean, says: readonly string[] = []): FakeRemote {
  const swarm = { NodeID: idOf(name), NodeAddr: `10.0.0.${name.slice(1)}`, LocalNodeState: 'active' }
  const facts = [
    '@@ clock 1795266188086492423',
    '@@ system\nhostname x\nuid 0\narchitecture x86_64\nkernel 6\nprocessors 1',
    '@@ engine\n{"Version":"28.5.2","ApiVersion":"1.51"}',
    `@@ info\n${JSON.stringify({ Swarm: { ...swarm, ControlAvailable: isManager } })}`,
    '@@ clock 1795266188086492423\n@@ end\n',
  ].join('\n')
  let isCleaned = false
  const kind = isManager ? 'service' : 'container'
  return new FakeRemote(name)
    .answer(/./, inSections(facts))
    .answer(
      'docker node inspect',
      [node('n1', 'manager'), node('n2', 'manager'), node('n3', 'worker'), node('n4', 'worker')].join('\n'),
    )
    .answer('watched()', () =>
      [...(isCleaned ? [] : [`${kind} ${dead.run} id-${name} swp-abcd-${name}`]), ...says, ''].join('\n'),
    )
    .answer(' guard clean ', () => {
      isCleaned = true
      return ''
    })
    .answer(/^rm -f /, '')
    .answer(' finish ', '')
}

describe('cleaning the hosts of a swarm', () => {
  const clean = async (
    says: Readonly<Record<string, readonly string[]>>,
    unreachable: readonly string[] = [],
    dryRun = false,
  ): Promise<CleanedHosts> =>
    cleanInventory(
      {
        hosts: [{ name: 'n1', destination: { name: 'n1', hostname: '10.0.0.1' } }],
        warnings: [],
        source: 'words',
      },
      { force: false, dryRun },
      {
        connect: async ({ name }) => {
          if (unreachable.includes(name)) throw new Error('connect ECONNREFUSED')
          return nodeRemote(name, name === 'n1' || name === 'n2', says[name])
        },
        progress: silentProgress,
        signal: new AbortController().signal,
      },
      'swarmproof clean n1',
    )
  const removedOn = ({ removed }: CleanedHosts): string[] => removed.map(({ host }) => host).sort()

  it('goes on where a worker cannot be reached, names it, and ends with 70', async () => {
    const result = await clean({}, ['n3'])
    expect(removedOn(result)).to.deep.equal(['n1', 'n2', 'n4'])
    expect(exitCodeOfCleaning(result)).to.equal(70)
    expect(cleanedText(result))
      .to.contain('n3: COULD NOT REMOVE whatever is there: ')
      .and.to.contain('n3 (10.0.0.3): connect ECONNREFUSED')
      .and.to.contain('do next:  swarmproof clean n1')
    expect(exitCodeOfCleaning(await clean({}))).to.equal(0)
  })

  it('lets a worker that says a run is alive keep itself alone, and says so', async () => {
    const result = await clean({ n3: [`alive ${dead.run}`] })
    expect(removedOn(result)).to.deep.equal(['n1', 'n2', 'n4'])
    expect(cleanedText(result))
      .to.contain('n3: left, because its run is still alive (--force removes it too): container swp-abcd-n3')
      .and.to.contain(
        'n3: says that run 20260102T030405Z-aaaa is still alive, but only managers speak for other hosts',
      )
    expect(exitCodeOfCleaning(result)).to.equal(0)
    expect(cleanedText(await clean({ n3: [`alive ${dead.run}`] }, [], true)))
      .to.contain('n1: would remove service swp-abcd-n1')
      .and.to.contain('what those have of it would be removed')
  })

  it('leaves all of a run that a manager says is alive: nodes that came later do not know it', async () => {
    const result = await clean({ n1: [`alive ${dead.run}`] })
    expect(removedOn(result)).to.deep.equal([])
    expect(result.kept).to.have.lengthOf(4)
  })
})
