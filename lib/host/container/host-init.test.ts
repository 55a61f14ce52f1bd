import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { hostInit, kernelTrial, containerWarmUpScript } from './host-init.ts'

describe('scripts of a container host', () => {
  for (const [name, script] of Object.entries({
    hostInit,
    kernelTrial,
    warmUp: containerWarmUpScript('probe:1'),
  })) {
    it(`${name} is a shell script`, () => {
      const { status, stderr } = spawnSync('sh', ['-n', '-c', script.text], { encoding: 'utf8' })
      expect(status, stderr).to.equal(0)
    })
  }

  it('covers what would restart the machine before anything else is done', () => {
    const lines = readFileSync(new URL('host-init.sh', import.meta.url), 'utf8')
      .trim()
      .split('\n')
    const before = lines.slice(
      0,
      lines.findIndex((line) => line.includes('sysrq-trigger')),
    )
    expect(before.filter((line) => !/^(?:#|: |export |\w+=)/.test(line))).to.deep.equal([])
    expect(hostInit.text).to.match(/sysrq-trigger \|\| \{ .*exit 7; \}/)
  })

  it('impairs before its engine starts, and ends where that fails', () => {
    const [before = '', after] = hostInit.text.split('dockerd --host')
    expect(after).not.to.equal(undefined)
    const impairing = before.slice(before.indexOf('if [ $# -gt 1 ]'))
    const run = (...words: string[]): { status: number | null; stdout: string } =>
      spawnSync('sh', ['-c', `${impairing}\necho engine`, 'swarmproof-init', '192.0.2.1', ...words], {
        encoding: 'utf8',
      })
    expect(run().stdout).to.equal('engine\n')
    expect(run('echo "$0: $*"', '192.0.2.2', '1ms', '').stdout).to.equal(
      'swarmproof-impair: 192.0.2.2 1ms \nengine\n',
    )
    expect(run('exit 1')).to.include({ status: 9, stdout: '' })
  })

  it('writes what the kernel can where observers look for it', async () => {
    const { observeScript } = await import('../../observe/observe-script.ts')
    const file = /^kernel_file=(\S+)/m.exec(containerWarmUpScript('probe:1').text)?.[1] ?? 'nowhere'
    expect(observeScript().text).to.contain(file)
  })
})
