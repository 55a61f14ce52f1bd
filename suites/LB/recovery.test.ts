import { expect } from 'chai'
import type { Task } from '../../lib/swarm/cluster.ts'
import type { Round } from '../scene/crash-stage.ts'
import { recoveryProblems } from './recovery.ts'

const replacement = { service: 'it', node: { host: { name: 'b' } } } as unknown as Task
const round = (client: string, endedMs: number, failed: number): Round => ({
  client,
  endedMs,
  answered: 3 - failed,
  failed,
  outcomes: failed > 0 ? ['timeout'] : [],
})

describe('recovery after the death of a task', () => {
  it('is sound when connections failed within the bound only and the replacement answers', () => {
    const rounds = [round('rr@a', 4000, 2), round('rr@a', 30_000, 1), round('rr@a', 31_000, 0)]
    expect(recoveryProblems({ killed: 'it@a', rounds, replacement, replacedMs: 31_000 })).to.deep.equal([])
  })

  it('names the client whose connections went on failing, and how', () => {
    const rounds = [round('rr@a', 31_000, 0), round('rr@c', 60_100, 2)]
    const found = recoveryProblems({ killed: 'it@a', rounds, replacement, replacedMs: undefined })
    expect(found).to.deep.equal([
      'rr@c: 2 of 3 connections still failed 60.1 s after it@a died (timeout), bound 30 s',
      'it@b, in place of it@a, did not answer every client within 60 s',
    ])
  })

  it('misses a replacement', () => {
    const found = recoveryProblems({
      killed: 'it@a',
      rounds: [],
      replacement: undefined,
      replacedMs: undefined,
    })
    expect(found).to.deep.equal(['nothing runs in place of it@a after 60 s'])
  })
})
