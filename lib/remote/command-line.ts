import { maxCommandBytes, maxLineBytes, withLifeline } from './lifeline.ts'
import type { Input, RootMethod } from './lifeline.ts'
import { RemoteError, quoteCommand } from './remote-error.ts'

/**
 * What a transport hands to the host for a command: the command tied to its channel.
 * @throws RemoteError `REMOTE_COMMAND` if it is longer than a host takes, with the quotes that it needs
 */
export function commandLine(
  host: string,
  command: string,
  input: Input,
  rootMethod: RootMethod = 'login',
): string {
  const line = withLifeline(command, input, rootMethod)
  const [bytes, lineBytes] = [Buffer.byteLength(command), Buffer.byteLength(line)]
  if (bytes <= maxCommandBytes && lineBytes <= maxLineBytes) return line
  throw new RemoteError({
    code: 'REMOTE_COMMAND',
    host,
    what: `a command of ${bytes} bytes is too long to be sent: ${quoteCommand(command)}`,
    expected: `at most ${maxCommandBytes} bytes, and ${maxLineBytes} with quotes and the life line (here ${lineBytes})`,
    hint: 'give it as input instead: exec(sh`sh -s`, { input: script.text })',
  })
}
