import { expect } from 'chai'
import type { Found } from '../swarm/find-left.ts'
import { type CleanedHosts, cleanedText } from './clean-hosts.ts'
import { cleanCommand } from './clean.ts'

const dead: Found = {
  ...{ host: 'web1', run: '20260102T030405Z-aaaa', kind: 'service' },
  ...{ id: 'k2v9', name: 'swp-abcd-web' },
}
const alive: Found = { ...dead, run: '20260102T030406Z-bbbb', name: 'swp-efgh-web', id: 'p3w8' }

const cleaned = (changes: Partial<CleanedHosts>): CleanedHosts => ({
  ...{ hosts: ['web1'], found: [dead, alive], living: [alive.run], removed: [], left: [], dryRun: false },
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
    expect(cleanedText(cleaned({ found: [], left }))).to.equal(
      'web1: COULD NOT REMOVE network swp-abcd-clear\n  do next:  docker network rm 7ac1\n',
    )
  })

  it('says so where nothing is left', () => {
    expect(cleanedText(cleaned({ found: [], living: [] }))).to.equal('nothing is left of any run\n')
  })

  it('refuses words that do not go together, before any host is asked', async () => {
    expect(await refusal('web1', '--all')).to.contain('--all and --cache are for labs')
    expect(await refusal('--dry-run')).to.contain('work with hosts only, but no host is named')
    expect(await refusal('web1', '--run', '../etc')).to.contain("'../etc' is not the id of a run")
  })
})
