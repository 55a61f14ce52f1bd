import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'

/** Scripts that take away more than was made, or that change a host without one switch that puts it back. */
const rules: readonly {
  readonly what: string
  readonly pattern: RegExp
  readonly instead: string
  readonly allowed: readonly string[]
}[] = [
  {
    what: 'flushes IPsec state of a host, whoever made it',
    pattern: /xfrm (policy|state) (flush|deleteall)/,
    instead: 'delete by selector, as lib/change/outbound-policies.ts does',
    allowed: [],
  },
  {
    what: 'leaves a swarm',
    pattern: /swarm leave --force|swarm leave(?:`|$)/m,
    instead:
      'compare whose swarm it is first: guard-clean.sh, leaveMarked or leave of lib/swarm/membership.ts',
    allowed: ['lib/swarm/guard-clean.sh', 'lib/swarm/membership.ts'],
  },
  {
    what: 'undoes a change later, by a process that its owner cannot end',
    pattern: /\((set \+e; )?sleep [^)]*;[^)]*\) *(>|2>|<|&)/,
    instead: 'lib/change/reversibly.ts',
    // It restarts the host and undoes nothing.
    allowed: ['lib/change/reboot.ts'],
  },
  {
    what: 'flushes tables of a firewall',
    pattern: /iptables -w [^\n]*(-F|--flush)(?! (?:\$\{|"\$))/,
    instead: 'rules of its own, in chains of its own, by reversibly',
    // What the one verifies and the other plants on a lab; both put back all that was there.
    allowed: ['suites/RES/res-05-firewall-reload.ts', 'lib/fault/operator-firewall-faults.ts'],
  },
]

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..')

function sources(): string[] {
  return ['lib', 'suites'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(?:ts|sh|pl)$/.test(name) && !/\.(test|fake)\.(?:ts|sh|pl)$/.test(name))
      // What people are told to type: that room runs nothing on hosts, see lib/imports.test.ts.
      .filter((name) => !name.startsWith('diagnosis/'))
      .map((name) => join(root, folder, name)),
  )
}

function broken(file: string, text: string): string[] {
  return rules.flatMap(({ what, pattern, instead, allowed }) =>
    pattern.test(text) && !allowed.includes(file) ? [`${file} ${what}; use ${instead}`] : [],
  )
}

describe('changes of hosts', () => {
  it('take away only what was made, and are undone by one switch', () => {
    expect(
      sources().flatMap((file) => broken(relative(root, file), readFileSync(file, 'utf8'))),
    ).to.deep.equal([])
  })

  for (const text of [
    "await shell(host, 'ip xfrm policy flush')",
    'await docker(host, sh`docker swarm leave --force`)',
    '`(sleep ${seconds}; ${healing}) >/dev/null 2>&1 </dev/null &`',
    '`(set +e; sleep 600; ip route del x) >/dev/null &`',
    'sh`iptables -w -t nat -F`',
  ])
    it(`would not be allowed to ${text}`, () => {
      expect(broken('suites/XYZ/xyz-01.ts', text)).to.have.lengthOf(1)
    })
})
