import { expect } from 'chai'
import { commands } from './command-table.ts'

describe('the table of commands', () => {
  for (const [name, { usage, summary, load }] of Object.entries(commands)) {
    it(`${name}: says what the command says of itself`, async () => {
      const command = await load()
      expect([command.name(), command.usage(), command.summary()]).to.deep.equal([name, usage, summary])
      expect(summary).to.match(/^[a-z].{15,}[^.]$/)
      expect(command.description()).to.match(/^[A-Z][^\n]{30,}/)
    })
  }
})
