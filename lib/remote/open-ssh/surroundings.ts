import { homedir, hostname, userInfo } from 'node:os'

/** Whose ssh_config and keys are used, and where. */
export interface Surroundings {
  readonly home: string
  readonly localUser: string
  readonly localHost: string
  readonly uid: number
  readonly environment: NodeJS.ProcessEnv
}

export function surroundings(given: Partial<Surroundings> = {}): Surroundings {
  return {
    // Of $HOME, as in the shell in which people write ~/.ssh; ssh itself takes the account's.
    home: homedir(),
    localUser: userName(),
    localHost: hostname(),
    uid: process.getuid?.() ?? 0,
    environment: process.env,
    ...given,
  }
}

function userName(): string {
  try {
    return userInfo().username
  } catch {
    // An account without an entry, as in a container with any user id.
    return process.env['USER'] ?? 'root'
  }
}
