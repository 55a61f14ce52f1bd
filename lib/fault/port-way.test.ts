import { expect } from 'chai'
import { netlinkLines } from '../observe/netlink-lines.fake.ts'
import { inSections } from '../remote/sections.fake.ts'
import { faults } from './fault-table.ts'
import { recordedLab } from './recorded-lab.fake.ts'

/**
 * What iptables printed of a node of engine 26.1.5 whose rules were rewritten into the shape of 29.8 by hand
 * (moby/moby#53118: ports of the mesh are published as those of containers are), and that kept the chain of before, as an
 * upgraded host may. ING-01 to ING-07 passed on it.
 */
const upgraded = `-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s 172.18.0.0/16 ! -o docker_gwbridge -j MASQUERADE
-A DOCKER -i docker_gwbridge -j RETURN
-A DOCKER -i docker0 -j RETURN
-A DOCKER ! -i docker_gwbridge -p tcp -m tcp --dport 8082 -j DNAT --to-destination 172.18.0.2:8082
-A DOCKER ! -i docker_gwbridge -p udp -m udp --dport 8081 -j DNAT --to-destination 172.18.0.2:8081
-A DOCKER ! -i docker_gwbridge -p tcp -m tcp --dport 8081 -j DNAT --to-destination 172.18.0.2:8081
-A DOCKER ! -i docker_gwbridge -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.18.0.2:8080
-A DOCKER-INGRESS -p tcp -m tcp --dport 8082 -j DNAT --to-destination 172.18.0.2:8082
-A DOCKER-INGRESS -p udp -m udp --dport 8081 -j DNAT --to-destination 172.18.0.2:8081
-A DOCKER-INGRESS -p tcp -m tcp --dport 8081 -j DNAT --to-destination 172.18.0.2:8081
-A DOCKER-INGRESS -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.18.0.2:8080
-A DOCKER-INGRESS -j RETURN`.replaceAll(/^/gm, '[0:0] ')

/** Rules that a fault deletes, and inserts again: `nat CHAIN …`. */
async function rulesOf(name: string, nat?: string): Promise<{ gone: string[]; back: string[] }> {
  const { on, remotes } = recordedLab({ device: 'eth1', prefix: 'swp' })
  const [, , victim] = remotes
  if (nat !== undefined) {
    const link = (name: string, address: string, kind?: string): string =>
      `@@ netlink\n${netlinkLines({ name, address, prefixLength: 16, ...(kind === undefined ? {} : { kind }) })}\n`
    victim?.answer(
      'xfrm-$what',
      inSections(
        `@@ namespace -\n${link('docker_gwbridge', '172.18.0.1', 'bridge')}@@ firewall\n*nat\n${nat}\n@@ namespace /run/docker/netns/ingress_sbox\n${link('eth1', '172.18.0.2')}@@ end\n`,
      ),
    )
  }
  for (const remote of remotes) remote.answer('setsid perl', '4711\n')
  const planted = await faults.find((fault) => fault.name === name)?.plant(on)
  await planted?.remove()
  const of = (flag: string): string[] =>
    victim?.commands.flatMap(
      (command) => new RegExp(`^iptables -w -t nat ${flag} (.*)$`, 'm').exec(command)?.[1] ?? [],
    ) ?? []
  return { gone: of('-D'), back: of('-I') }
}

describe('faults of published ports', () => {
  it('take away the rule that leads a port to the mesh, and put it back where it was', async () => {
    expect(await rulesOf('ingress-forward-missing')).to.deep.equal({
      gone: ['DOCKER-INGRESS -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.18.0.2:8080'],
      back: ['DOCKER-INGRESS 1 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.18.0.2:8080'],
    })
    expect((await rulesOf('udp-forward-missing')).gone[0]).to.match(/^DOCKER-INGRESS -p udp .*--dport 8081 /)
    expect((await rulesOf('short-syntax-forward-missing')).gone[0]).to.match(/--dport 8082 /)
    expect((await rulesOf('local-dnat-missing')).gone).to.deep.equal([
      'OUTPUT -m addrtype --dst-type LOCAL -j DOCKER-INGRESS',
    ])
    expect((await rulesOf('own-port-not-masqueraded')).gone).to.deep.equal([
      'POSTROUTING -o docker_gwbridge -m addrtype --src-type LOCAL -j MASQUERADE',
    ])
  })

  it('find it in whichever chain is asked, and not in one that an engine before left', async () => {
    const rule = "'!' -i docker_gwbridge -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.18.0.2:8080"
    expect(await rulesOf('ingress-forward-missing', upgraded)).to.deep.equal({
      gone: [`DOCKER ${rule}`],
      back: [`DOCKER 6 ${rule}`],
    })
    expect((await rulesOf('udp-forward-missing', upgraded)).back[0]).to.match(/^DOCKER 4 .* -p udp/)
    expect((await rulesOf('short-syntax-forward-missing', upgraded)).back[0]).to.match(
      /^DOCKER 3 .* --dport 8082/,
    )
    expect((await rulesOf('local-dnat-missing', upgraded)).gone).to.deep.equal([
      "OUTPUT '!' -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER",
    ])
    // It sends from before the port was published there.
    const [gone] = (await rulesOf('sender-from-before', upgraded)).gone
    expect(gone).to.match(/^DOCKER .* -p udp .*--dport 8081 /)
    expect((await rulesOf('sender-from-before')).gone[0]).to.match(/^DOCKER-INGRESS -p udp .*--dport 8081 /)
    const destination = (await rulesOf('unpublished-port-forwarded', upgraded)).gone[0]
    expect(destination).to.match(/--dport 80 -j DNAT --to-destination 172\.18\.0\.2:8080$/)
  })

  it('are impossible where the engine leads the port nowhere, or does not need the rule', async () => {
    const codeOf = (name: string, nat: string): Promise<unknown> =>
      rulesOf(name, nat).then(
        () => 'planted',
        (error: unknown) => (error as { code?: unknown }).code,
      )
    const without = upgraded.replaceAll(/^.*-A DOCKER ! .*8080$/gm, '')
    expect(await codeOf('ingress-forward-missing', without)).to.equal('FAULT_IMPOSSIBLE')
    expect(await codeOf('own-port-not-masqueraded', upgraded)).to.equal('FAULT_IMPOSSIBLE')
  })
})
