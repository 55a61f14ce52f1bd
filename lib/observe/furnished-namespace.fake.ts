import type { Script } from '../script.ts'
import { scriptFile } from '../script-file.ts'

/** Furnishes the namespace it is run in, of this name, with a device of another one, too. */
export function furnish(name: string, other: string): Script {
  return scriptFile(import.meta.url, 'furnished-namespace.fake.sh', {}, [other, name])
}
