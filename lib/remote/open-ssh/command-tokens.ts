import { InputError } from '../../error.ts'

/** What `%h`, `%n`, `%p` and `%r` of ProxyCommand and ProxyJump stand for; `ssh -G` prints those as they are written. */
export interface CommandTokens {
  readonly hostname: string
  /** As it was asked for. */
  readonly original: string
  readonly port: number
  readonly user: string
}

/** ssh_config(5), TOKENS: "ProxyCommand and ProxyJump accept the tokens %%, %h, %n, %p, and %r". */
export function expandCommand(text: string, tokens: CommandTokens, keyword: string): string {
  const values: Readonly<Record<string, string>> = {
    ...{ '%': '%', h: tokens.hostname, n: tokens.original, p: String(tokens.port), r: tokens.user },
  }
  return text.replaceAll(/%(.?)/gs, (whole, letter: string) => {
    const value = values[letter]
    if (value !== undefined) return value
    throw new InputError({
      code: 'SSH_CONFIG',
      what: `${keyword}: '${whole}' in '${text}' cannot be expanded`,
      host: tokens.original,
      expected: '%h %n %p %r %%',
    })
  })
}

/**
 * Names go into commands of ssh_config (ProxyCommand, Match exec), so those with characters of a shell are refused, and
 * what ssh could take for an option: the rules of OpenSSH 9.6 (readconf.c, ssh_valid_hostname and ssh_valid_ruser),
 * which older ones do not have; and of a user no variable either.
 */
export function refuseUnsafeNames(hostname: string, user: string | undefined, asked: string): void {
  // eslint-disable-next-line no-control-regex
  const badHost = hostname === '' || /^-|[\s\u0000-\u001f\u007f'"`$\\;&<>|(){},@/]/.test(hostname)
  const badUser =
    user !== undefined &&
    // eslint-disable-next-line no-control-regex
    (user === '' || /^-|[\u0000-\u001f\u007f'"`;&<>|(){}]|\s-|\\$|\$./.test(user))
  if (!badHost && !badUser) return
  throw new InputError({
    code: 'SSH_DESTINATION',
    what:
      hostname === ''
        ? 'a host for SSH has neither a name nor an address'
        : `the ${badHost ? 'name' : 'user'} of a host for SSH holds characters that a shell or ssh would interpret`,
    host: JSON.stringify(asked),
    observed: JSON.stringify(badHost ? hostname : user),
  })
}
