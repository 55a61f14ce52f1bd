import { expect } from 'chai'
import { InvalidArgumentError } from 'commander'
import { imageArgument } from './image-argument.ts'

describe('the image of an option', () => {
  it('is a name with tag or digest, or an id', () => {
    const id = `sha256:${'0f'.repeat(32)}`
    for (const image of ['debian', 'registry.example:5000/a/b_c:1.2-x', `tools@${id}`, id])
      expect(imageArgument(image)).to.equal(image)
  })

  it('is nothing that a shell or a client would take for more', () => {
    for (const text of ['', '-v/:/host', '--privileged', 'a b', 'a;id', '$(id)', 'a\nb', "a'b"])
      expect(() => imageArgument(text), text).to.throw(InvalidArgumentError)
  })
})
