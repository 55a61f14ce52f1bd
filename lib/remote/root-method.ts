import { sudo } from './lifeline.ts'
import type { RootMethod } from './lifeline.ts'
import { RemoteError } from './remote-error.ts'
import type { ExecResult, Remote } from './remote.ts'
import { sh } from '../script.ts'

/** How commands on this host come to run as root. Throws RemoteError SSH_SUDO if they cannot without a password. */
export async function findRootMethod(login: Remote, username: string): Promise<RootMethod> {
  const self = await login.exec(sh`id -u`, { idempotent: true })
  if (self.stdout.trim() === '0') return 'login'
  // The very form in which everything will be asked for: sudo may allow one command and not another.
  const asked = await login.exec(sh`LC_ALL=C ${sudo} /bin/sh -c ${'id -u'}`, { idempotent: true })
  if (asked.exitCode === 0 && asked.stdout.trim() === '0') return 'sudo'
  const there = await login.exec(sh`command -v sudo >/dev/null`, { idempotent: true })
  throw sudoError(login.host, username, asked, there.exitCode === 0)
}

/** What sudo says is quoted and not understood: its words differ by version, language and plugins. */
function sudoError(host: string, username: string, asked: ExecResult, isThere: boolean): RemoteError {
  const words = asked.stderr.trim().split('\n').slice(-2).join(' | ')
  const observed = words === '' ? `sudo ended with exit code ${asked.exitCode} and said nothing` : words
  const base = {
    code: 'SSH_SUDO',
    host,
    expected: 'root: docker, interfaces and namespaces need it',
    observed,
  } as const
  if (!isThere) {
    return new RemoteError({
      ...base,
      what: `user ${username} is not root, and there is no sudo`,
      hint: `install sudo on ${host} with the rule: ${username} ALL=(root) NOPASSWD: /bin/sh -c * (or log in as root)`,
    })
  }
  return new RemoteError({
    ...base,
    what: `user ${username} may not run everything by sudo without a password and without a terminal`,
    hint:
      `by 'visudo -f /etc/sudoers.d/swarmproof' on ${host}, add: ${username} ALL=(root) NOPASSWD: /bin/sh -c * ` +
      `and, where sudo wants a terminal: Defaults:${username} !requiretty (and take them away afterwards); or log in as root`,
  })
}
