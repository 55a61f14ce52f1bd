import { z } from 'zod'
import { runRecordSchema, schemaVersion } from '../conformance/run-record-schema.ts'

/** JSON Schema of `run.json`, of the schema it is read with. Keys it does not name are to be ignored by readers. */
export function runSchemaPage(): string {
  const schema = z.toJSONSchema(runRecordSchema, { io: 'input', unrepresentable: 'any' })
  const titled = { title: `run.json of swarmproof, schema version ${schemaVersion}`, ...schema }
  return `${JSON.stringify(titled, undefined, 2)}\n`
}
