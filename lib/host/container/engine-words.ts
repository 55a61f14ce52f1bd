/** What an engine answered, without the number of its answer and the chain of programs that passed it on. */
export function engineWords(error: unknown): string {
  const parts = (error instanceof Error ? error.message : String(error))
    .replace(/^\(HTTP code \d+\) [^-]* - /, '')
    .replace(/: unknown\s*$/, '')
    .trim()
    .split(': ')
  return parts.slice(-2).join(': ')
}
