import { expect } from 'chai'
import { InputError } from '../error.ts'
import { faults } from '../fault/fault-table.ts'
import { sideBySide } from '../fault/side-by-side.ts'
import type { RandomFaultsResult, StepTaken } from '../../suites/random-faults-result.ts'
import { refuseOddFlags } from './faults-flags.ts'
import { parseSeed, parseSteps, reproduceAtRandom } from './random-faults-flags.ts'
import { randomFaultsEnd, stepLine } from './random-faults-lines.ts'
import { style } from './terminal.ts'

const plain = style({ isTTY: false })
const count = { way: 'the mesh', asked: 20, answered: 8, refused: 2, silent: 10, streak: 0 }
const step: StepTaken = {
  ...{ step: 6, action: 'plant', fault: 'esp-dropped', host: 'worker2', outcome: 'done' },
  ...{
    standing: ['vxlan-lost', 'esp-dropped'],
    startedAt: '2026-01-01T00:00:00Z',
    seconds: 4.1,
    client: [count],
  },
}

describe('faults --random', () => {
  it('takes seeds that are one word, and a number of steps', () => {
    expect(parseSeed('night-2026.11')).to.equal('night-2026.11')
    for (const seed of ['', 'a b', '../x', "'", 'x'.repeat(65)])
      expect(() => parseSeed(seed), seed).to.throw('letters')
    expect(parseSteps('30')).to.equal(30)
    for (const steps of ['0', '-1', '1.5', '1001', 'x', ''])
      expect(() => parseSteps(steps), steps).to.throw('whole')
  })

  it('refuses flags that mean nothing together', () => {
    const refused =
      (...words: Parameters<typeof refuseOddFlags>) =>
      (): void =>
        refuseOddFlags(...words)
    expect(refused({ steps: 3 })).to.throw(InputError, '--steps is for --random')
    expect(refused({ random: '7', labId: true, lab: ['low-mtu'] })).to.throw('--lab-id takes one that stands')
    expect(refused({ random: '7', others: ['CTL-01'] })).to.throw('--others')
    expect(refused({ random: '7', steps: 3, labId: true })).not.to.throw()
    expect(refused({})).not.to.throw()
    expect(refused({ pairs: true }, ['esp-dropped'])).to.throw('--pairs')
    expect(refused({ pairs: true, only: ['CTL-01'] })).to.throw('--pairs')
    expect(refused({ pairs: true, resume: true })).not.to.throw()
    expect(refused({ random: '7', resume: true })).to.throw('--resume')
    expect(refused({ random: '7', writeGolden: 'golden' })).to.throw('--write-golden')
  })

  it('says the command that plants the same again, with the names where they are not all', () => {
    const flags = { random: '7', reportDir: 'reports/faults' }
    const all = faults.filter(({ name }) => sideBySide[name] !== undefined)
    expect(reproduceAtRandom({ ...flags, labId: true }, all)).to.equal(
      'swarmproof faults --random 7 --steps 20 --lab-id',
    )
    const two = all.filter(({ name }) => ['esp-dropped', 'vxlan-lost'].includes(name))
    expect(reproduceAtRandom({ ...flags, steps: 4, lab: ['impaired'] }, two)).to.equal(
      'swarmproof faults esp-dropped vxlan-lost --random 7 --steps 4 --lab impaired',
    )
  })

  it('says of each step what stands and how much was answered', () => {
    expect(stepLine(step, plain)).to.equal(
      '  6 + plant esp-dropped on worker2\n      planted: vxlan-lost, esp-dropped; 8 of 20 requests answered, 4.1 s\n',
    )
    const impossible = {
      ...step,
      host: '',
      outcome: 'impossible here' as const,
      observed: 'the lab lacks a task',
    }
    expect(stepLine({ ...impossible, standing: [] }, plain)).to.match(
      /· plant esp-dropped, impossible here: the lab lacks a task\n +nothing is planted; /,
    )
  })

  it('ends with the seed, the step and what broke', () => {
    const end = (result: Partial<RandomFaultsResult>, state = 'finished'): string =>
      randomFaultsEnd(
        {
          ...{ seed: '7', state, reproduce: 'swarmproof faults --random 7 --steps 6' },
          ...{ taken: [step], broken: undefined, client: [count], ...result },
          invariants: [
            { what: 'the lab is as before', held: true, observed: '' },
            { what: 'quick passes', held: result.broken === undefined, observed: 'ING-01 fail: no answer' },
          ],
        },
        plain,
        'reports/faults/random-7.json',
      )
    expect(end({}))
      .to.contain('✔ the lab is as before\n✔ quick passes\n')
      .and.contain('the mesh: 8 of 20 answered, 2 refused, 10 without an answer')
      .and.contain('seed 7 holds: 1 step\n')
      .and.contain('reports/faults/random-7.json')
    const broken = end({ broken: { step: 6, what: 'quick passes: ING-01 fail: no answer' } })
    expect(broken)
      .to.contain('✘ quick passes: ING-01 fail: no answer')
      .and.contain('seed 7 broke at step 6: quick passes: ING-01 fail: no answer')
      .and.contain('swarmproof faults --random 7 --steps 6')
    expect(end({}, 'interrupted')).to.contain('was interrupted')
  })
})
