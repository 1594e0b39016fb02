import { OnnxError } from '../errors.ts'
import type { Command } from './command.ts'
import { exportCommand } from './exportCommand.ts'
import { inspectCommand } from './inspectCommand.ts'
import { verifyCommand } from './verifyCommand.ts'

const COMMANDS: Readonly<Record<string, Command>> = { export: exportCommand, inspect: inspectCommand, verify: verifyCommand }

/** Where a command line writes its lines. */
export interface Terminal {
  readonly out: (line: string) => void
  readonly error: (line: string) => void
}

/**
 * The command line `tfjs-bayes-onnx`.
 *
 * @param args what stands behind the program's name
 * @param terminal default: standard output and standard error
 * @returns the exit code: 0, or 1 where something is wrong
 */
export async function main(args: readonly string[], terminal: Terminal = standardTerminal): Promise<number> {
  const [name, ...rest] = args
  const command = name != null && Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (command == null) {
    const asksForHelp = name === '--help' || name === '-h' || name === 'help'
    const lines = asksForHelp ? terminal.out : terminal.error
    if (!asksForHelp) lines(name == null ? 'No command was given.' : `There is no command "${name}".`)
    for (const line of overview()) lines(line)
    return asksForHelp ? 0 : 1
  }
  if (rest.includes('--help') || rest.includes('-h')) {
    for (const line of help(command)) terminal.out(line)
    return 0
  }
  try {
    return await command.run(rest, terminal.out)
  } catch (error) {
    // Errors of layers and backend carry a code as ours do; anything else is a defect, and its stack is wanted.
    if (!(error instanceof OnnxError) && !(error instanceof Error && 'code' in error)) throw error
    terminal.error(`${error.name}: ${error.message}`)
    return 1
  }
}

function overview(): readonly string[] {
  const commands = Object.values(COMMANDS).map(({ usage, purpose }) => `  tfjs-bayes-onnx ${usage.padEnd(34)} ${purpose}`)
  return ['Commands (each has --help):', ...commands]
}

function help({ usage, purpose, options }: Command): readonly string[] {
  const width = Math.max(...Object.keys(options).map((option) => option.length))
  const lines = Object.entries(options).map(([option, text]) => `  --${option.padEnd(width)}  ${text}`)
  return [`tfjs-bayes-onnx ${usage}`, `  ${purpose}`, ...lines]
}

const standardTerminal: Terminal = {
  out: (line) => void process.stdout.write(`${line}\n`),
  error: (line) => void process.stderr.write(`${line}\n`),
}
