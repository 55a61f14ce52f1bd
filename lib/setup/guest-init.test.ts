import { spawnSync } from 'node:child_process'
import { expect } from 'chai'
import { guestFinishScript, guestInit, probeImageScript } from './guest-init.ts'

describe('scripts of the guest', () => {
  for (const [name, script] of Object.entries({
    guestInit,
    finishScript: guestFinishScript,
    probeImageScript,
  })) {
    it(`${name} is shell`, () => {
      const { status, stderr } = spawnSync('sh', ['-n'], { input: script, encoding: 'utf8' })
      expect(stderr).to.equal('')
      expect(status).to.equal(0)
    })
  }
})
