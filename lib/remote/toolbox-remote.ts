import { type Script, sh } from '../script.ts'
import type { ExecOptions, ExecResult, Remote, RemoteProcess, SpawnOptions } from './remote.ts'

/**
 * A Remote whose commands also find programs in a folder of the host, behind its own: what stands there serves only
 * where the host has nothing of that name.
 */
export function toolboxRemote(inner: Remote, folder: string): Remote {
  const withTools = (command: Script): Script => sh`PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin:${folder}
export PATH
${command}`
  return {
    host: inner.host,
    ...(inner.calls === undefined ? {} : { calls: inner.calls }),
    exec: (command: Script, options?: ExecOptions): Promise<ExecResult> =>
      inner.exec(withTools(command), options),
    spawn: (command: Script, options?: SpawnOptions): Promise<RemoteProcess> =>
      inner.spawn(withTools(command), options),
    upload: (content, remotePath, mode) => inner.upload(content, remotePath, mode),
    download: (remotePath) => inner.download(remotePath),
    [Symbol.asyncDispose]: () => inner[Symbol.asyncDispose](),
  }
}
