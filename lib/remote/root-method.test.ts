import { expect } from 'chai'
import { findRootMethod } from './root-method.ts'
import { FakeRemote } from './fake-remote.ts'
import { RemoteError } from './remote-error.ts'

describe('becoming root', () => {
  async function refusal(stderr: string, exitCode = 1, isThere = true): Promise<string> {
    const remote = new FakeRemote('web1')
      .answer('id -u', '1000\n')
      .answer('sudo -n', { stderr, exitCode })
      .answer('command -v', { exitCode: isThere ? 0 : 1 })
    const error = await findRootMethod(remote, 'deploy').catch((reason: unknown) => reason)
    expect(error).to.be.instanceOf(RemoteError).with.property('code', 'SSH_SUDO')
    return (error as RemoteError).message
  }

  it('asks nothing of sudo where the login is root', async () => {
    const remote = new FakeRemote('web1').answer('id -u', '0\n')
    expect(await findRootMethod(remote, 'root')).to.equal('login')
    expect(remote.commands).to.deep.equal(['id -u'])
  })

  it('finds that sudo lets the user', async () => {
    const remote = new FakeRemote('web1').answer('id -u', '1000\n').answer('sudo -n', '0\n')
    expect(await findRootMethod(remote, 'deploy')).to.equal('sudo')
    expect(remote.commands[1]).to.equal("LC_ALL=C sudo -n -H -- /bin/sh -c 'id -u'")
  })

  it('says with its words that it asks for a password, and the line that ends that', async () => {
    expect(await refusal('sudo: a password is required\n')).to.equal(
      [
        'user deploy may not run everything by sudo without a password and without a terminal (on web1)',
        '  expected: root: docker, interfaces and namespaces need it',
        '  observed: sudo: a password is required',
        "  do next:  by 'visudo -f /etc/sudoers.d/swarmproof' on web1, add: deploy ALL=(root) NOPASSWD: /bin/sh -c * and, where sudo wants a terminal: Defaults:deploy !requiretty (and take them away afterwards); or log in as root",
      ].join('\n'),
    )
    const sorry =
      'We trust you have received the usual lecture.\n\nSorry, user deploy may not run sudo on web1.\n'
    expect(await refusal(sorry)).to.contain('Sorry, user deploy may not run sudo on web1.')
  })

  it('says that there is none by whether the shell finds one, not by what was said', async () => {
    expect(await refusal('sh: 1: sudo: not found\n', 127, false)).to.contain('there is no sudo')
    expect(await refusal('sh: 1: sudo: nicht gefunden\n', 127, false)).to.contain('there is no sudo')
    expect(await refusal('sudo: /bin/sh: command not found\n', 127)).not.to.contain('there is no sudo')
  })

  it('does not take another user than root for root', async () => {
    const remote = new FakeRemote('web1')
      .answer('id -u', '1000\n')
      .answer('sudo -n', '1001\n')
      .answer('command -v', '')
    const error = (await findRootMethod(remote, 'deploy').catch((reason: unknown) => reason)) as RemoteError
    expect(error.code).to.equal('SSH_SUDO')
  })
})
