import type { CatalogEntry } from '../observation/catalog-entry.ts'
import { rules } from './rules/index.ts'

/** Every kind of finding there is, the gravest first. */
export const catalog: readonly CatalogEntry[] = rules.map(
  ({ code, title, severity, meaning, proof, silencedBy, remedy, reports }) => ({
    ...{ code, title, severity, meaning },
    ...{ proof, silencedBy, remedy, reports },
  }),
)
