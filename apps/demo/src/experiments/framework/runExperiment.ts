import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import type { TextStream } from '@tfjs-bayes/training'
import { ForeignFolderError } from '../../errors.ts'
import { duration } from '../../format.ts'
import { standaloneSvg } from '../../report/figure.ts'
import { unwritable, writeAtomically } from '../../run/writeAtomically.ts'
import { startBackend } from '../../stages/backend.ts'
import { formatTable } from '../../table.ts'
import { versions } from '../../versions.ts'
import type { Configuration, Experiment, ExperimentReport, FinishedPart, Part, Size } from './experiment.ts'
import { experimentPage, type Provenance } from './experimentPage.ts'
import { PartStore } from './partStore.ts'

export interface ExperimentOptions {
  readonly size: Size
  readonly seeds: readonly number[]
  /** Names of configurations; undefined: all. */
  readonly only: readonly string[] | undefined
  readonly dataFolder: string | undefined
  readonly folder: string
  readonly say: (line: string) => void
  readonly progress: TextStream
  readonly signal: AbortSignal
}

/** `results.json`: everything that the report shows, and what it was made with. */
export interface ExperimentResults extends Provenance {
  readonly format: 'tfjs-bayes-experiment'
  readonly parts: readonly FinishedPart<Configuration, unknown>[]
}

/**
 * Runs the parts of an experiment that are not finished yet, and writes `results.json`, `figures/*.svg` and `report.html` after each of them, so that
 * an interruption loses at most what the part under way did not keep for itself.
 *
 * All configurations of one seed come before those of the next.
 *
 * @throws ForeignFolderError, UnwritableFolderError; the reason of the signal where that aborts
 */
export async function runExperiment(experiment: Experiment, options: ExperimentOptions): Promise<void> {
  const { size, seeds, only, folder, say, signal } = options
  const { settings, configurations } = experiment.plan(size)
  const chosen = configurations.filter(({ name }) => only?.includes(name) ?? true)
  prepareFolder(folder)
  const backend = await startBackend({ say })
  const store = new PartStore(folder, experiment, settings)
  const work: Part<Configuration>[] = seeds.flatMap((seed) => chosen.map((configuration) => ({ configuration, seed })))
  const provenance: Provenance = {
    experiment: experiment.name,
    size,
    settings,
    seeds,
    backend: { name: backend.name, message: backend.message },
    machine: { cpu: cpus()[0]?.model.trim() ?? 'unknown', cores: cpus().length, platform: `${process.platform} ${process.arch}` },
    versions: versions(),
  }
  const everything = seeds.flatMap((seed) => configurations.map((configuration) => ({ configuration, seed })))
  const report = (): ExperimentReport | undefined => writeReport(experiment, provenance, everything, store, folder)

  for (const [i, part] of work.entries()) {
    const label = `[${i + 1}/${work.length}] ${part.configuration.title}, seed ${part.seed}`
    if (store.read(part)) {
      say(`${label}: finished before`)
      continue
    }
    say(label)
    await runPart(experiment, part, settings, store, options)
    report()
    signal.throwIfAborted()
  }
  const told = report()
  if (!told) return
  for (const { title, table } of told.tables) say(`\n${title}\n\n${formatTable(table.columns, table.rows)}`)
  say(`\n${told.lead}\n\nReport: ${join(folder, 'report.html')}`)
}

async function runPart(
  experiment: Experiment,
  part: Part<Configuration>,
  settings: object,
  store: PartStore,
  { folder, dataFolder, say, progress, signal }: ExperimentOptions,
): Promise<void> {
  const scratch = join(folder, 'runs', store.nameOf(part))
  mkdirSync(scratch, { recursive: true })
  const started = performance.now()
  const result = await experiment.run(part, settings, { scratch, dataFolder, say, progress, signal })
  signal.throwIfAborted()
  const seconds = (performance.now() - started) / 1000
  store.write({ ...part, result, seconds })
  rmSync(scratch, { recursive: true, force: true })
  say(`  done in ${duration(seconds)}`)
}

/** Tells what is finished; undefined where nothing is. */
function writeReport(
  experiment: Experiment,
  provenance: Provenance,
  parts: readonly Part<Configuration>[],
  store: PartStore,
  folder: string,
): ExperimentReport | undefined {
  const finished = parts.flatMap((part) => store.read(part) ?? [])
  if (finished.length === 0) return undefined
  const results: ExperimentResults = { format: FORMAT, ...provenance, parts: finished }
  writeAtomically(join(folder, RESULTS), `${JSON.stringify(results, null, 1)}\n`)
  const report = experiment.report(finished, provenance.settings)
  const missing = parts.length - finished.length
  for (const figure of report.figures.flatMap(({ figures }) => figures))
    writeAtomically(join(folder, 'figures', `${figure.name}.svg`), standaloneSvg(figure))
  writeAtomically(join(folder, 'report.html'), experimentPage(experiment, report, provenance, { missing, parts: parts.length }))
  return report
}

const FORMAT = 'tfjs-bayes-experiment'
const RESULTS = 'results.json'

/** Makes the folder, or takes one that an experiment wrote or was interrupted in. */
function prepareFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true })
  } catch (cause) {
    throw unwritable(folder, cause)
  }
  const entries = readdirSync(folder)
  if (entries.length === 0 || entries.includes('parts') || entries.includes('runs') || isResults(join(folder, RESULTS))) return
  throw new ForeignFolderError(`${folder} is not empty and holds no experiment. Choose a new or an empty folder with --out.`)
}

function isResults(path: string): boolean {
  if (!existsSync(path)) return false
  try {
    return (JSON.parse(readFileSync(path, 'utf8')) as { format?: unknown } | null)?.format === FORMAT
  } catch {
    return false
  }
}
