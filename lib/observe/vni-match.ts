/**
 * The VNI a firewall rule of the engine matches, read out of the match itself; undefined if the rule matches none.
 * Engines before 24 use u32; 20.10.24, 23.0.3 and later take a BPF program where that cannot be had, and from 24 on
 * always. Moby, libnetwork/drivers/overlay/encryption*.go and bpf.go.
 */
export function matchedVni(rule: string): number | undefined {
  return u32Vni(rule) ?? bpfVni(rule)
}

/** `0x0>>0x16&0x3c@0xc&0xffffff00=0x100500`: the 24 bits behind the VXLAN flags. */
function u32Vni(rule: string): number | undefined {
  const value = /--u32 "?[^"]*@(?:0xc|12)&(?:0xffffff00|4294967040)=(0x[0-9a-f]+|\d+)"?/i.exec(rule)?.[1]
  return value === undefined ? undefined : Number(value) >>> 8
}

interface Instruction {
  readonly code: number
  readonly whenTrue: number
  readonly whenFalse: number
  readonly constant: number
}

const jumpIfEqual = 0x15
const returnConstant = 0x06
const andConstant = 0x54

/** The constant of the comparison that decides whether the program accepts. */
function bpfVni(rule: string): number | undefined {
  const bytecode = /--bytecode "([^"]*)"/.exec(rule)?.[1]
  if (bytecode === undefined) return undefined
  const program = bytecode.split(',').slice(1).map(instruction)
  for (const [at, { code, whenTrue, whenFalse, constant }] of program.entries()) {
    if (code !== jumpIfEqual) continue
    const [accepting, refusing] = [program[at + 1 + whenTrue], program[at + 1 + whenFalse]]
    if (returns(accepting) && accepting?.constant !== 0 && returns(refusing) && refusing?.constant === 0)
      return isShifted(program[at - 1]) ? constant >>> 8 : constant
  }
  return undefined
}

/** Engines before 24 compare the 32 bits that the VNI is the first 24 of; later ones shift them first. */
function isShifted(before: Instruction | undefined): boolean {
  return before?.code === andConstant && before.constant === 0xffffff00
}

function instruction(text: string): Instruction {
  const [code = 0, whenTrue = 0, whenFalse = 0, constant = 0] = text.trim().split(/\s+/).map(Number)
  return { code, whenTrue, whenFalse, constant }
}

function returns(one: Instruction | undefined): boolean {
  return one?.code === returnConstant
}
