/** What a host prints that was asked for sections, its marks written as `@@`: for `FakeRemote.answer`. */
export function inSections(output: string): (command: string) => string {
  return (command) => {
    const mark = /^mark=(\S+)$/m.exec(command)?.[1]
    if (mark === undefined) throw new Error('the command asks for no sections')
    return output.replaceAll(/^@@(?= )/gm, mark)
  }
}
