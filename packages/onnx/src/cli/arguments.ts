import { parseArgs } from 'node:util'
import { InvalidOptionError } from '../errors.ts'

/** Text options of a command by name, and what they are for. */
export type OptionTexts = Readonly<Record<string, string>>

export interface CommandArguments {
  readonly path: string
  readonly options: Readonly<Record<string, string | undefined>>
}

/**
 * Reads `path --option value ...`.
 *
 * @param args arguments behind the command's name
 * @param known the options that the command has
 * @throws InvalidOptionError for an unknown option, one without a value, and where there is not exactly one path
 */
export function commandArguments(args: readonly string[], known: OptionTexts): CommandArguments {
  const options = Object.fromEntries(
    Object.keys(known).map((name) => [name, { type: 'string' as const, ...(name === 'output' ? { short: 'o' } : {}) }]),
  )
  let parsed: { readonly values: Readonly<Record<string, unknown>>; readonly positionals: readonly string[] }
  try {
    parsed = parseArgs({ args: [...args], options, allowPositionals: true })
  } catch (error) {
    throw new InvalidOptionError(
      `${(error as Error).message.split('. To specify')[0]}. Known options: ${Object.keys(known)
        .map((name) => `--${name}`)
        .join(', ')}.`,
    )
  }
  const { values, positionals } = parsed
  if (positionals.length !== 1) {
    throw new InvalidOptionError(`${positionals.length} files were given (${positionals.join(', ') || 'none'}); expected one.`)
  }
  return { path: positionals[0]!, options: values as Readonly<Record<string, string | undefined>> }
}

/** A number given as text. */
export function numberOption(name: string, text: string): number {
  const value = Number(text)
  if (text.trim() === '' || Number.isNaN(value))
    throw new InvalidOptionError(`--${name} is ${JSON.stringify(text)}; expected a number.`)
  return value
}

/** A choice given as text: `yes` or `no`. */
export function choiceOption(name: string, text: string): boolean {
  if (text !== 'yes' && text !== 'no') throw new InvalidOptionError(`--${name} is ${JSON.stringify(text)}; expected yes or no.`)
  return text === 'yes'
}
