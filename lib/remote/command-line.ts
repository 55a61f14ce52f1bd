import { maxCommandBytes, withLifeline } from './lifeline.ts'
import type { Input, RootBy } from './lifeline.ts'
import { RemoteError, quoteCommand } from './remote-error.ts'

/**
 * What a transport hands to the host for a command: the command tied to its channel.
 * @throws RemoteError `REMOTE_COMMAND` if it is longer than a host takes
 */
export function commandLine(host: string, command: string, input: Input, rootBy: RootBy = 'login'): string {
  const bytes = Buffer.byteLength(command)
  if (bytes <= maxCommandBytes) return withLifeline(command, input, rootBy)
  throw new RemoteError({
    code: 'REMOTE_COMMAND',
    host,
    what: `a command of ${bytes} bytes is too long to be sent: ${quoteCommand(command)}`,
    expected: `at most ${maxCommandBytes} bytes`,
    hint: "give it as input instead: exec('sh -s', { input: command })",
  })
}
