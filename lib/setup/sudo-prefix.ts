import { tryLocal } from './local-command.ts'

let known: Promise<readonly string[] | undefined> | undefined

/** What to put before a command that needs root: nothing as root, `sudo -n` where it asks for no password, else undefined. */
export function sudoPrefix(): Promise<readonly string[] | undefined> {
  known ??= findPrefix()
  return known
}

async function findPrefix(): Promise<readonly string[] | undefined> {
  if (process.getuid?.() === 0) return []
  const { exitCode } = await tryLocal('sudo', ['-n', 'true'], { timeoutMs: 5000 })
  return exitCode === 0 ? ['sudo', '-n'] : undefined
}
