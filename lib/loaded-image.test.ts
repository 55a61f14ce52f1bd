import { expect } from 'chai'
import { imageId, labImage, loadedImage, loadedImageName } from './loaded-image.ts'

const id = `sha256:${'0a'.repeat(32)}`

describe('the name of a loaded image', () => {
  it('has a registry that is nobody’s and that fits in no query of a nameserver', () => {
    for (const name of [labImage, loadedImageName('swp-x7k2')]) {
      const [registry = '', rest = ''] = name.split('/')
      const labels = registry.split('.')
      expect(labels.at(-1)).to.equal('invalid')
      expect(Math.max(...labels.map(({ length }) => length))).to.be.greaterThan(63)
      // Of image names, by github.com/distribution/reference.
      expect(registry).to.match(/^[a-z0-9](?:[a-z0-9-]*[a-z0-9])(?:\.[a-z0-9]+)*$/)
      expect(rest).to.match(/^[a-z]+:[\w.-]+$/)
      expect(name.length).to.be.lessThan(128)
    }
  })

  it('takes no tag that would be another name or another word', () => {
    for (const tag of ['', 'a b', 'a@sha256:0', 'a/b', '-a', 'a'.repeat(129)])
      expect(() => loadedImageName(tag), tag).to.throw(RangeError)
  })
})

describe('what a standing service runs', () => {
  it('is taken where no registry can be asked for it', () => {
    for (const text of [id, labImage, loadedImageName('x')]) expect(loadedImage(text)).to.equal(text)
  })

  it('is refused where one can', () => {
    for (const text of [
      'swarmproof/probe:1',
      'busybox',
      `busybox@${id}`,
      id.slice(0, -1),
      `${labImage}@${id}`,
      `registry.example/${labImage}`,
      labImage.replace('.invalid', '.invalid.example'),
    ])
      expect(loadedImage(text), text).to.equal(undefined)
  })

  it('has an id of 64 hexadecimal digits', () => {
    expect(imageId(id)).to.equal(id)
    for (const text of ['', 'sha256:', id.toUpperCase(), `${id}\n`, labImage])
      expect(() => imageId(text), text).to.throw(RangeError)
  })
})
