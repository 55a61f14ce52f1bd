import { spawnSync } from 'node:child_process'
import { expect } from 'chai'
import { hostInit, kernelTrial, warmUpScript } from './host-init.ts'

describe('scripts of a container host', () => {
  for (const [name, script] of Object.entries({ hostInit, kernelTrial, warmUp: warmUpScript('probe:1') })) {
    it(`${name} is a shell script`, () => {
      const { status, stderr } = spawnSync('sh', ['-n', '-c', script.text], { encoding: 'utf8' })
      expect(status, stderr).to.equal(0)
    })
  }

  it('covers what would restart the machine before anything else is done', () => {
    const lines = hostInit.text.trim().split('\n')
    const before = lines.slice(
      0,
      lines.findIndex((line) => line.includes('sysrq-trigger')),
    )
    expect(before.filter((line) => !/^(?:#|: |export |\w+=)/.test(line))).to.deep.equal([])
    expect(hostInit.text).to.match(/sysrq-trigger \|\| \{ .*exit 7; \}/)
  })

  it('writes what the kernel can where observers look for it', async () => {
    const { observeScript } = await import('../../observe/observe-script.ts')
    const file = /^kernel_file=(\S+)/m.exec(warmUpScript('probe:1').text)?.[1] ?? 'nowhere'
    expect(observeScript([]).text).to.contain(`cat ${file}`)
  })
})
