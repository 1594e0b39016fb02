import type { OptionTexts } from './arguments.ts'

/** A command of the command line. */
export interface Command {
  readonly usage: string
  readonly purpose: string
  readonly options: OptionTexts
  /** @returns the exit code */
  readonly run: (args: readonly string[], print: (line: string) => void) => Promise<number>
}
