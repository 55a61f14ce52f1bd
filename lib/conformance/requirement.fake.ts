import { judgement } from '../observation/judgement.ts'
import { type ConformanceTest, requirement } from './test.ts'

/** A requirement of which only what is given is there: it observes nothing and holds; for tests. */
export function exampleRequirement(
  given: Partial<ConformanceTest> & Pick<ConformanceTest, 'id'>,
): ConformanceTest {
  const held = requirement({
    ...{ id: given.id, requirement: '', source: [{ document: 'made up' }], safety: 'production', needs: [] },
    ...{ method: '', usualCauses: [], remedy: [], codes: [], changes: [], quiet: [], reads: [] },
    observe: () => Promise.resolve({}),
    judge: () => judgement({ conclusion: 'it holds' }),
  })
  return Object.freeze({ ...held, ...given })
}
