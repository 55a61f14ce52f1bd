import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect } from 'chai'
import { identityOf, isAlive, isLabCommand, ownIdentity, startFromStat } from './process-identity.ts'

describe('process identity', () => {
  it('is alive while the very process runs, and not under a reused number', async () => {
    expect(isAlive(ownIdentity())).to.equal(true)
    expect(isAlive({ ...ownIdentity(), started: 'boot:1' })).to.equal(false)
    const child = spawn('sleep', ['60'])
    await once(child, 'spawn')
    const identity = identityOf(child.pid ?? 0)
    if (identity === undefined) expect.fail('no identity')
    expect(isAlive(identity)).to.equal(true)
    child.kill('SIGKILL')
    await once(child, 'exit')
    expect(isAlive(identity)).to.equal(false)
  })

  it('reads the start time past a name with brackets and blanks, and sees zombies as ended', () => {
    const fields = ['1', ...Array.from({ length: 17 }, () => '0'), '4711', '0']
    expect(startFromStat(`7 (a) b (c) S ${fields.join(' ')}`, 'boot')).to.equal('boot:4711')
    expect(startFromStat(`7 (qemu) Z ${fields.join(' ')}`, 'boot')).to.equal(undefined)
    expect(startFromStat('7 (torn', 'boot')).to.equal(undefined)
  })

  it('takes only what a lab is made of for a process of the lab', () => {
    const lab = '/state/labs/three-node-a1b2c3'
    const command = (...words: string[]): string => `${words.join('\0')}\0`
    expect(
      isLabCommand(command('/opt/qemu-system-x86_64', '-drive', `file=${lab}/m.qcow2,if=none`), lab),
    ).to.equal(true)
    expect(isLabCommand(command('vde_switch', '--sock', `${lab}/s/u0`), lab)).to.equal(true)
    expect(isLabCommand(command('tail', '-f', `${lab}/m.console.log`), lab)).to.equal(false)
    expect(isLabCommand(command('qemu-system-x86_64', `file=${lab}9/m.qcow2`), lab)).to.equal(false)
    expect(isLabCommand('', lab)).to.equal(false)
  })
})
