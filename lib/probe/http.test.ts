import { expect } from 'chai'
import { httpBody, httpGet, httpReply } from './http.ts'

describe('HTTP', () => {
  it('asks so that the server closes', () => {
    expect(Buffer.from(httpGet('/bulk')).toString()).to.match(
      /^GET \/bulk HTTP\/1\.0\r\n(.+\r\n)*Connection: close\r\n\r\n$/,
    )
  })

  it('gives status, body and the length of what is before it', () => {
    const reply = Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nweb.1\n')
    expect(httpReply(reply)).to.deep.equal({ status: 200, body: Buffer.from('web.1\n'), headerBytes: 38 })
    expect(httpBody(reply)).to.equal('web.1\n')
  })

  it('reads nothing from what is no reply, or a part of one', () => {
    expect(httpBody(undefined)).to.equal(undefined)
    expect(httpBody(Buffer.from('SSH-2.0-OpenSSH\r\n\r\n'))).to.equal(undefined)
    expect(httpBody(Buffer.from('HTTP/1.1 200 OK\r\nContent-Le'))).to.equal(undefined)
  })
})
