import { diagnose } from '../diagnosis/diagnosis.ts'
import { annotationsOf } from '../report/github.ts'
import { exampleRuns } from '../report/fixtures/example-runs.fake.ts'
import { coursesOf, changesOf } from '../report/history/changes.ts'
import { entryOf } from '../report/history/entry.ts'
import { parseHistory } from '../report/history/history-file.ts'
import { renderHistory } from '../report/history/page.ts'
import { renderHtml } from '../report/html.ts'
import { renderJunit } from '../report/junit.ts'
import { renderMarkdown } from '../report/markdown.ts'
import { renderMatrix } from '../report/matrix.ts'
import { mergeRuns } from '../report/merge-runs.ts'
import { parseRun } from '../report/read-run.ts'
import { parseXml } from '../report/xml.fake.ts'
import type { Target } from './fuzz.fake.ts'
import { mutateJson, mutateText, pick } from './mutate.fake.ts'

const runs = Object.values(exampleRuns).map((make) => make())
const texts = runs.map((run) => JSON.stringify(run))

/** Control characters other than line breaks and tabs, and those that turn the direction of text. */
const raw = /(?![\n\t])[\p{Cc}\u202a-\u202e\u2066-\u2069]/u
const markup = /<(img|script>alert|x\/)/i

function clean(kind: string, text: string, mayHoldCode = false): string {
  const control = raw.exec(text)
  if (control !== null) throw new Error(`${kind} holds a control character: ${around(text, control.index)}`)
  const found = markup.exec(mayHoldCode ? withoutCode(text) : text)
  if (found !== null) throw new Error(`${kind} holds markup of the input: ${around(text, found.index)}`)
  return text
}

/** Markup in code of Markdown is shown, not followed. */
const withoutCode = (text: string): string =>
  text.replaceAll(/^(`{3,})text\n[^]*?\n\1$/gm, '').replaceAll(/(`+)[^]*?\1/g, '')

/** As a strict parser sees it. */
function wellFormed(xml: string): string {
  parseXml(xml)
  return xml
}

const around = (text: string, at: number): string => JSON.stringify(text.slice(Math.max(0, at - 60), at + 40))

function reports(text: string): string {
  const record = parseRun(text, 'run.json')
  record.findings = diagnose(record)
  const annotations = annotationsOf(record, () => undefined)
  return [
    clean('HTML', renderHtml(record)),
    wellFormed(clean('JUnit', renderJunit(record))),
    // Text between backticks is code there, whatever it is.
    clean('Markdown', renderMarkdown(record), true),
    clean('matrix', renderMatrix(record) ?? ''),
    JSON.stringify(annotations),
    JSON.stringify(changesOf([entryOf(record)])),
  ].join('\n')
}

export const runTargets: readonly Target[] = [
  {
    kind: 'runs',
    name: 'reports of changed data',
    run: (random) => reports(JSON.stringify(mutateJson(pick(random, runs), random))),
  },
  {
    kind: 'runs',
    name: 'reports of changed text',
    run: (random) => reports(mutateText(texts, random, 2_000_000)),
  },
  {
    kind: 'runs',
    name: 'merged',
    run: (random) => {
      const parts = Array.from({ length: 1 + random(3) }, (_, index) => {
        const run = mutateJson(pick(random, runs), random) as { runId?: unknown }
        if (random(4) > 0) run.runId = `run-${index}`
        return parseRun(JSON.stringify(run), 'run.json')
      })
      return reports(JSON.stringify(mergeRuns(parts, 'merged', random(4))))
    },
  },
  {
    kind: 'runs',
    name: 'history',
    run: (random) => {
      const entry = entryOf(pick(random, runs))
      const lines = Array.from({ length: 1 + random(12) }, (_, index) =>
        random(6) === 0
          ? mutateText([JSON.stringify(entry)], random)
          : JSON.stringify(mutateJson({ ...entry, runId: `run-${index}` }, random)),
      )
      const history = parseHistory(lines.join('\n'), 'history.jsonl')
      const courses = JSON.stringify(coursesOf(history.entries).length)
      return courses + clean('history page', renderHistory(history, {}))
    },
  },
]
