/** Keywords of ssh_config that are followed. */
const followed = [
  ...['hostname', 'user', 'port', 'addressfamily', 'bindaddress', 'proxyjump'],
  ...['identityfile', 'identitiesonly', 'identityagent'],
  ...['userknownhostsfile', 'globalknownhostsfile', 'hostkeyalias', 'stricthostkeychecking'],
  ...['connecttimeout', 'serveraliveinterval', 'serveralivecountmax'],
]

/**
 * Keywords that change which host is reached, or who is let in, in a way that is not followed: passing over one would
 * be worse than refusing it. The value given is the one that asks for nothing; what to do instead follows.
 */
export const refused: Readonly<Record<string, { readonly harmless: RegExp; readonly hint: string }>> = {
  proxycommand: {
    harmless: /^none$/i,
    hint: "'ProxyCommand ssh -W %h:%p bastion' is 'ProxyJump bastion'; other programs cannot be used",
  },
  canonicalizehostname: { harmless: /^no$/i, hint: 'write the full name into HostName' },
  bindinterface: { harmless: /^none$/i, hint: 'give BindAddress with an address of this machine' },
  revokedhostkeys: { harmless: /^none$/i, hint: "put the revoked keys into known_hosts, marked '@revoked'" },
  pubkeyauthentication: {
    harmless: /^(yes|true|host-bound|unbound)$/i,
    hint: 'only keys are used to log in, no password is ever asked for: give the host a key',
  },
}

/** A block with none of these makes no difference here. All others (ciphers, forwarding, multiplexing) are passed over. */
export const consequential: ReadonlySet<string> = new Set([...followed, ...Object.keys(refused), 'include'])
