import { expect } from 'chai'
import { takeTurns } from './crash-stage.ts'

const reply = (host: string): Buffer => Buffer.from(`HTTP/1.0 200 OK\r\nServer: swarmproof\r\n\r\n${host}\n`)
const tasks = [{ hostname: 's' }, { hostname: 'q' }]
const turns = (order: string): boolean => takeTurns({ replies: [...order].map(reply) }, tasks)

describe('connections after a task was replaced', () => {
  it('are made again where shares are unequal, as a lab once showed for half a second', () => {
    expect(turns('sqssqssqsqss')).to.equal(false)
    expect(turns('sqsqsqsqsqsq')).to.equal(true)
  })

  it('are enough where one more or less went to a task, and not where one answered nothing', () => {
    expect(turns('sqsqsqsqsqss')).to.equal(true)
    expect(turns('ssssssssssss')).to.equal(false)
  })
})
