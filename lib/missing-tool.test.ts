import { expect } from 'chai'
import { gatherMissing, MissingTool, missingTool, missingToolOf } from './missing-tool.ts'

describe('MissingTool', () => {
  it('says what is missing where, and what to do', () => {
    expect(missingTool('tcpdump', 'web2').message).to.equal(
      'tcpdump is missing on web2: apt-get install tcpdump, or give --toolbox-image',
    )
  })

  it('names every host that lacks the same tool', () => {
    const gathered = gatherMissing([missingTool('tcpdump', 'web2'), missingTool('tcpdump', 'web3')])
    expect(gathered).to.be.instanceOf(MissingTool).with.property('hosts').deep.equal(['web2', 'web3'])
  })

  it('does not hide another error behind it', () => {
    const other = new Error('no route to host')
    expect(gatherMissing([other, missingTool('perl', 'a')])).to.equal(other)
    expect(gatherMissing([missingTool('perl', 'a'), other])).to.equal(other)
  })
})

describe('missingToolOf', () => {
  const of = (stderr: string, exitCode = 127) => missingToolOf('web2', { exitCode, stderr })?.tool

  it('reads what shells and nsenter say', () => {
    expect(of('/bin/sh: 1: nsenter: not found')).to.equal('nsenter')
    expect(of('sh: 1: exec: perl: not found')).to.equal('perl')
    expect(of('bash: line 1: ipvsadm: command not found')).to.equal('ipvsadm')
    expect(of('nsenter: failed to execute ipvsadm: No such file or directory')).to.equal('ipvsadm')
    expect(of('sh: iptables-save: not found')).to.equal('iptables-save')
  })

  it('takes no other failure for it', () => {
    expect(of('sh: 1: nsenter: not found', 1)).to.equal(undefined)
    expect(of('sh: 1: docker: not found')).to.equal(undefined)
    expect(of('nsenter: cannot open /run/docker/netns/lb_x: No such file or directory')).to.equal(undefined)
  })
})
