import { InputError } from '../../error.ts'
import type { ResolvedConfig } from './resolved-config.ts'

interface Unfollowed {
  /** As ssh_config(5) writes it. */
  readonly keyword: string
  /** Whether what ssh goes by asks for nothing that is not done. */
  readonly harmless: (value: string) => boolean
  readonly hint: string
}

/**
 * What changes which host is reached or who is let in, in a way that cannot be followed: passing over one would be laxer
 * than ssh, or end in a riddle. All else that is not followed (forwarding, control sockets, terminals, environment) has
 * no effect on that and is passed over.
 */
const unfollowed: readonly Unfollowed[] = [
  {
    keyword: 'BindInterface',
    harmless: (value) => /^none$/i.test(value),
    hint: 'give BindAddress with an address of this machine',
  },
  {
    keyword: 'KnownHostsCommand',
    harmless: (value) => /^none$/i.test(value),
    hint: 'write what it prints into a file, and name that with UserKnownHostsFile',
  },
  {
    keyword: 'ProxyUseFdpass',
    harmless: (value) => /^(no|false)$/.test(value),
    hint: 'use a ProxyCommand that passes the data on by itself',
  },
  {
    keyword: 'PubkeyAuthentication',
    harmless: (value) => !/^(no|false)$/.test(value),
    hint: 'only keys are used to log in, no password is ever asked for: give the host a key',
  },
  {
    keyword: 'PreferredAuthentications',
    harmless: (value) => value.split(',').includes('publickey'),
    hint: "only keys are used to log in: add 'publickey'",
  },
  {
    keyword: 'ProxyCommand',
    harmless: (value) => value !== '-',
    hint: 'standard input is not passed on; name a command or a jump host',
  },
]

/** @throws InputError `SSH_CONFIG_UNSUPPORTED` */
export function refuseUnfollowed(host: string, found: ResolvedConfig): void {
  for (const { keyword, harmless, hint } of unfollowed) {
    const value = found.value(keyword.toLowerCase())
    if (value === undefined || harmless(value)) continue
    throw new InputError({
      code: 'SSH_CONFIG_UNSUPPORTED',
      what: `${keyword} is not supported and holds for this host`,
      host,
      observed: `${keyword} ${value}`,
      hint: `${hint}; 'ssh -G -v ${host}' names the files of configuration that are read`,
    })
  }
}
