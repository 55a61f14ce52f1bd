import { expect } from 'chai'
import { gatherMissing, MissingTool, missingTool } from './missing-tool.ts'

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
