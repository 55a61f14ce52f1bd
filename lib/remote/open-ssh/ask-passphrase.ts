import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import { InterruptedError } from '../../error.ts'
import { printable } from '../../printable.ts'
import type { AskPassphrase } from './key-ring.ts'

/** Asks on the terminal without showing what is typed. Undefined unless both input and errors are a terminal. */
export function terminalPrompt(): AskPassphrase | undefined {
  return process.stdin.isTTY && process.stderr.isTTY ? ask : undefined
}

async function ask(question: string): Promise<string> {
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({ input: process.stdin, output: silent, terminal: true, historySize: 0 })
  // Only now, with the terminal's own echo turned off.
  process.stderr.write(printable(question))
  try {
    return await new Promise<string>((resolve, reject) => {
      lines.once('line', resolve)
      lines.once('close', () => resolve(''))
      // The terminal is ours while we ask, so the key that interrupts reaches nobody else.
      lines.once('SIGINT', () => {
        reject(new InterruptedError('Ctrl-C'))
        process.kill(process.pid, 'SIGINT')
      })
    })
  } finally {
    lines.close()
    process.stderr.write('\n')
  }
}
