import { expect } from 'chai'
import { type CatalogEntry, reportName } from '../observation/catalog-entry.ts'
import { catalog } from './catalog.ts'

/** Whatever an entry says, with where. */
function textsOf({ title, meaning, proof, silencedBy, remedy, reports }: CatalogEntry): [string, string][] {
  const lists = { proof, silencedBy, remedy, reports: reports.map(({ says }) => says) }
  return [
    ['title', title],
    ['meaning', meaning],
    ...Object.entries(lists).flatMap(([name, lines]) => lines.map((line): [string, string] => [name, line])),
  ]
}

/** Sentences long enough that two entries say the same by copying only. */
const sentencesOf = (text: string): string[] =>
  text.split(/(?<=[.;:]) /).filter((sentence) => sentence.split(' ').length >= 7)

describe('the catalog of findings', () => {
  it('has one entry a code', () => {
    const codes = catalog.map(({ code }) => code)
    expect(codes).to.deep.equal([...new Set(codes)])
    for (const code of codes) expect(code).to.match(/^[a-z0-9]+(-[a-z0-9]+)+$/)
  })

  for (const entry of catalog) {
    it(`${entry.code}: says what it means, how it is proved, what silences it and what to type`, () => {
      for (const [where, text] of textsOf(entry)) {
        expect(text.trim(), where).to.equal(text)
        expect(text.length, `${where}: ${text}`).to.be.at.least(15)
        expect(text, where).to.not.match(/undefined|TODO|\bnode\d\b|worker\d|manager\d/)
      }
      expect(entry.title, 'title').to.not.match(/\.$/)
      expect(entry.meaning.length, 'meaning').to.be.at.least(120)
      expect(entry.meaning, 'meaning').to.match(/\.$/)
      expect(entry.remedy.join(' '), 'something to type').to.match(/`[^`]+`/)
      expect([...new Set(entry.severity)], 'severity').to.deep.equal(entry.severity)
    })

    it(`${entry.code}: quotes each report once, by an address of its own and in one sentence`, () => {
      const urls = entry.reports.map(({ url }) => url)
      expect(urls).to.deep.equal([...new Set(urls)])
      for (const report of entry.reports) {
        expect(report.says, report.url).to.match(/^[A-Z`“].*\.$/)
        expect(reportName(report), report.url).to.match(/^[\w.-]+\/[\w.-]+#\d+$/)
      }
    })
  }

  it('copies nothing from one entry to another', () => {
    const seen = new Map<string, string>()
    for (const entry of catalog)
      for (const sentence of textsOf(entry).flatMap(([, text]) => sentencesOf(text))) {
        expect(seen.get(sentence) ?? entry.code, `${entry.code}: ${sentence}`).to.equal(entry.code)
        seen.set(sentence, entry.code)
      }
  })

  it('names reports as they are quoted', () => {
    const named = (url: string): string => reportName({ url, says: '' })
    expect(named('https://github.com/moby/moby/issues/26523')).to.equal('moby/moby#26523')
    expect(named('https://github.com/moby/moby/pull/1')).to.equal('moby/moby#1')
    expect(named('https://example.org/else')).to.equal('https://example.org/else')
  })
})
