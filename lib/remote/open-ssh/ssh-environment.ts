import { homedir, userInfo } from 'node:os'

/** Whose keys are used, and where. */
export interface SshEnvironment {
  readonly home: string
  readonly uid: number
  /** Of ssh, so also for `Match exec` and `${VARIABLE}`. */
  readonly environment: NodeJS.ProcessEnv
}

export function sshEnvironment(given: Partial<SshEnvironment> = {}): SshEnvironment {
  return {
    home: accountHome(),
    uid: process.getuid?.() ?? 0,
    environment: process.env,
    ...given,
  }
}

/** The account's, as for ssh, whatever $HOME says. */
function accountHome(): string {
  try {
    return userInfo().homedir
  } catch {
    // An account without an entry, as in a container with any user id.
    return homedir()
  }
}
