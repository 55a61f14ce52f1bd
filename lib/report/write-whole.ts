import { rename, rm, writeFile } from 'node:fs/promises'
import { ownerFile } from '../owner-only.ts'

/**
 * Writes a file of its owner's alone, whole or not at all: whoever opens it meanwhile sees the old one or the new one.
 * Whatever stands at the name it is written under first is removed, not followed: the folder may come from somebody
 * else.
 */
export async function writeWhole(file: string, text: string): Promise<string> {
  const unfinished = `${file}.unfinished`
  await rm(unfinished, { recursive: true, force: true })
  await writeFile(unfinished, text, { flag: 'wx', mode: ownerFile })
  await rename(unfinished, file)
  return file
}
