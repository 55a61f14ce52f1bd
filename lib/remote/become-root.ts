import { sudo } from './lifeline.ts'
import type { RootBy } from './lifeline.ts'
import { RemoteError } from './remote-error.ts'
import type { ExecResult, Remote } from './remote.ts'
import { quote } from './script.ts'

/** How commands on this host come to run as root. Throws RemoteError SSH_SUDO if they cannot without a password. */
export async function becomeRoot(login: Remote, username: string): Promise<RootBy> {
  const self = await login.exec('id -u', { idempotent: true })
  if (self.stdout.trim() === '0') return 'login'
  // The very form in which everything will be asked for: sudo may allow one command and not another.
  const asked = await login.exec(`LC_ALL=C ${sudo} /bin/sh -c ${quote('id -u')}`, { idempotent: true })
  if (asked.exitCode === 0 && asked.stdout.trim() === '0') return 'sudo'
  throw sudoError(login.host, username, asked)
}

function sudoError(host: string, username: string, asked: ExecResult): RemoteError {
  const words = asked.stderr.trim().split('\n').slice(-2).join(' | ')
  const observed = words === '' ? `sudo ended with exit code ${asked.exitCode} and said nothing` : words
  const base = {
    code: 'SSH_SUDO',
    host,
    expected: 'root: docker, interfaces and namespaces need it',
    observed,
  } as const
  if (asked.exitCode === 127 && /not found/.test(words)) {
    return new RemoteError({
      ...base,
      what: `user ${username} is not root, and there is no sudo`,
      hint: `install sudo on ${host} and allow ${username} everything without a password, or log in as root`,
    })
  }
  if (/must have a tty/.test(words)) {
    return new RemoteError({
      ...base,
      what: `user ${username} may use sudo on a terminal only`,
      hint: `add a line to the sudoers of ${host} (visudo): Defaults:${username} !requiretty`,
    })
  }
  return new RemoteError({
    ...base,
    what: `user ${username} may not run sudo without a password`,
    hint:
      `add NOPASSWD, by 'visudo -f /etc/sudoers.d/swarmproof' on ${host}: ${username} ALL=(root) NOPASSWD: ALL ` +
      '(and take it away afterwards), or log in as root',
  })
}
