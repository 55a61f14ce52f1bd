import { expect } from 'chai'
import { FakeRemote } from './fake-remote.ts'
import { toolboxRemote } from './toolbox-remote.ts'
import { sh } from '../script.ts'

describe('toolbox remote', () => {
  it('looks into the toolbox behind what the host itself has, in exec and spawn', async () => {
    const inner = new FakeRemote('web1').answer(/./, 'seen')
    const remote = toolboxRemote(inner, '/run/tools')
    expect((await remote.exec(sh`tcpdump --version`)).stdout).to.equal('seen')
    await remote.spawn(sh`exec tcpdump -w -`)
    for (const command of inner.commands) {
      expect(command).to.match(/^PATH=\$PATH:.*:\/run\/tools\nexport PATH\n(exec )?tcpdump/)
    }
    expect(inner.commands).to.have.lengthOf(2)
  })

  it('passes files through', async () => {
    const inner = new FakeRemote('web1')
    await toolboxRemote(inner, '/run/tools').upload('x', '/f', 0o755)
    expect(inner.files.get('/f')?.mode).to.equal(0o755)
  })
})
