import { expect } from 'chai'
import { downloadProblems } from './downloads.ts'

const head = Buffer.from('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n')
const problems = (outcome: 'answered' | 'timeout', reply: Buffer, bytes: number): string[] =>
  downloadProblems({ outcome, replies: [reply], replyBytes: [bytes] }, 1000)

describe('download', () => {
  it('is whole when as many bytes as the file has follow the headers', () => {
    expect(problems('answered', head, head.length + 1000)).to.deep.equal([])
  })

  it('is cut off when fewer came, also if the peer closed in order', () => {
    expect(problems('answered', head, head.length + 999)).to.deep.equal([
      '999 of 1000 bytes arrived, answered',
    ])
    expect(problems('timeout', head, head.length + 400)[0]).to.include('400 of 1000 bytes arrived, timeout')
  })

  it('has failed without an answer or with another status', () => {
    expect(problems('timeout', Buffer.alloc(0), 0)).to.deep.equal(['no answer, timeout'])
    const missing = Buffer.from('HTTP/1.1 404 Not Found\r\n\r\n')
    expect(problems('answered', missing, missing.length)).to.deep.equal(['HTTP status 404'])
  })

  it('is judged for each repeat', () => {
    const two = { outcome: 'answered' as const, replies: [head, head], replyBytes: [head.length + 1000, 20] }
    expect(downloadProblems(two, 1000)).to.have.lengthOf(1)
  })
})
