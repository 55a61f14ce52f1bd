import { expect } from 'chai'
import { InputError } from '../../error.ts'
import { parseDestination } from './destination.ts'

describe('ssh destination', () => {
  const good: Readonly<Record<string, object>> = {
    web1: { hostname: 'web1' },
    'deploy@web1': { user: 'deploy', hostname: 'web1' },
    'deploy@web1:2222': { user: 'deploy', hostname: 'web1', port: 2222 },
    'web1.example.org:22': { hostname: 'web1.example.org', port: 22 },
    '192.0.2.7': { hostname: '192.0.2.7' },
    'ssh://deploy@web1:2222': { user: 'deploy', hostname: 'web1', port: 2222 },
    'ssh://web1/': { hostname: 'web1' },
    'ssh://a%40b@web1': { user: 'a@b', hostname: 'web1' },
    'jo@example.org@web1': { user: 'jo@example.org', hostname: 'web1' },
    '2001:db8::1': { hostname: '2001:db8::1' },
    'root@[2001:db8::1]:2222': { user: 'root', hostname: '2001:db8::1', port: 2222 },
    '[2001:db8::1]': { hostname: '2001:db8::1' },
  }
  for (const [text, parts] of Object.entries(good)) {
    it(`reads ${text}`, () => {
      const destination = parseDestination(text)
      expect(destination).to.deep.equal({ name: destination.hostname, ...parts })
    })
  }

  const bad: Readonly<Record<string, RegExp>> = {
    '': /observed: no host/,
    'deploy@': /observed: no host/,
    '@web1': /observed: the user ''/,
    'web1:0': /observed: the port '0'/,
    'web1:65536': /observed: the port '65536'/,
    'web1:ssh': /observed: the port 'ssh'/,
    'web1:': /observed: the port ''/,
    'a:b:c': /observed: several colons; an IPv6 address with a port needs brackets/,
    '[web1]:22': /observed: 'web1' in the brackets is not an IPv6 address/,
    '-oProxyCommand=id': /observed: the host '-oProxyCommand=id'/,
    'web1;id': /observed: the host 'web1;id'/,
    'web 1': /observed: the host 'web 1'/,
    'ssh://%zz@web1': /observed: the user '%zz'/,
    'web1/path': /observed: the host 'web1\/path'/,
  }
  for (const [text, message] of Object.entries(bad)) {
    it(`refuses '${text}'`, () => {
      expect(() => parseDestination(text)).to.throw(InputError, message)
    })
  }
})
