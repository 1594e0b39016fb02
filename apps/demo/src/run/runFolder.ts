import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { GenericSchema } from 'valibot'
import * as v from 'valibot'
import {
  CorruptRunFileError,
  ForeignFolderError,
  MissingRunFileError,
  RunFormatVersionError,
  StaleRunFileError,
} from '../errors.ts'
import { type EvaluationFile, evaluationSchema } from './evaluationFile.ts'
import { type ExportFile, exportSchema } from './exportFile.ts'
import { type PredictionFile, predictionSchema } from './predictionFile.ts'
import { type RunFile, runSchema } from './runFile.ts'
import { type TrainingFile, trainingSchema } from './trainingFile.ts'
import { unwritable, writeAtomically } from './writeAtomically.ts'

/** Counts up when a file of the run folder changes its meaning; files of another version are refused. */
const RUN_FORMAT_VERSION = 1
const FORMAT = 'tfjs-bayes-demo'

/** The JSON files of a run folder: what each holds. */
export interface RunFiles {
  readonly run: RunFile
  readonly training: TrainingFile
  readonly evaluation: EvaluationFile
  readonly export: ExportFile
  readonly prediction: PredictionFile
}

interface Kind<Content> {
  readonly schema: GenericSchema<unknown, Content>
  /** The file that this one was computed from, or null for the first. */
  readonly madeFrom: keyof RunFiles | null
  /** The subcommand that writes it. */
  readonly command: string
}

const KINDS: { readonly [Name in keyof RunFiles]: Kind<RunFiles[Name]> } = {
  run: { schema: runSchema, madeFrom: null, command: 'train' },
  training: { schema: trainingSchema, madeFrom: 'run', command: 'train' },
  evaluation: { schema: evaluationSchema, madeFrom: 'training', command: 'evaluate' },
  export: { schema: exportSchema, madeFrom: 'training', command: 'export' },
  prediction: { schema: predictionSchema, madeFrom: 'export', command: 'predict' },
}

/**
 * A folder with the files of one run, through which the stages hand their results to each other.
 *
 * Each JSON file names its format, its version and the sha256 of the file it was computed from, so that a report never mixes two runs.
 * Every file is written to a temporary name and renamed.
 */
export class RunFolder {
  readonly path: string

  /** @param path the folder; it need not exist for reading to give a named error */
  constructor(path: string) {
    this.path = path
  }

  /**
   * Makes the folder, or takes one that holds an earlier run, and tries out that it can be written to; changes no file in it.
   *
   * @throws ForeignFolderError where it holds something else, UnwritableFolderError
   */
  prepare(): void {
    try {
      mkdirSync(this.path, { recursive: true })
    } catch (cause) {
      throw unwritable(this.path, cause)
    }
    let entries: string[]
    try {
      entries = readdirSync(this.path)
    } catch (cause) {
      throw unwritable(this.path, cause)
    }
    if (entries.length > 0 && !this.#holdsRun())
      throw new ForeignFolderError(
        `${this.path} is not empty and holds no run of this demo (no run.json of it). Choose a new or an empty folder with --out.`,
      )
    this.requireWritable()
  }

  /** Tries out that files can be written, before the work whose result goes there. @throws UnwritableFolderError */
  requireWritable(): void {
    const probe = join(this.path, 'writable')
    writeAtomically(probe, '')
    rmSync(probe)
  }

  /** Whether a JSON file is there at all. */
  has(name: keyof RunFiles): boolean {
    return existsSync(join(this.path, `${name}.json`))
  }

  /** Removes what the stages of an earlier run left, and nothing else. */
  clear(): void {
    for (const name of [...Object.keys(KINDS).map((kind) => `${kind}.json`), 'report.html', 'models', 'onnx', 'figures'])
      rmSync(join(this.path, name), { recursive: true, force: true })
  }

  /**
   * Reads and checks one of the JSON files.
   *
   * @throws MissingRunFileError, CorruptRunFileError, RunFormatVersionError, StaleRunFileError
   */
  read<Name extends keyof RunFiles>(name: Name): RunFiles[Name] {
    const kind = KINDS[name]
    const file = `${name}.json`
    const path = join(this.path, file)
    const remedy = `Run the command '${kind.command}' again.`
    const envelope = parseObject(this.readBytes(file, kind.command), path, remedy)
    if (envelope['format'] !== FORMAT || envelope['kind'] !== name)
      throw new CorruptRunFileError(`${path} is not a ${name} file of this demo. ${remedy}`)
    if (envelope['version'] !== RUN_FORMAT_VERSION)
      throw new RunFormatVersionError(
        `${path} has format version ${JSON.stringify(envelope['version'])}; this program reads version ${RUN_FORMAT_VERSION}. ${remedy}`,
      )
    if (kind.madeFrom !== null && envelope['madeFrom'] !== this.#hash(kind.madeFrom))
      throw new StaleRunFileError(`${path} was made from another ${kind.madeFrom}.json than the one in the folder. ${remedy}`)
    const checked = v.safeParse(kind.schema as GenericSchema<unknown, RunFiles[Name]>, envelope['content'])
    if (checked.success) return checked.output
    const [issue] = checked.issues
    const field = v.getDotPath(issue) ?? 'content'
    throw new CorruptRunFileError(
      `${path} is corrupt at ${field}: got ${issue.received}, expected ${issue.expected ?? issue.message}. ${remedy}`,
    )
  }

  /** Writes one of the JSON files, bound to the present state of the file that it was made from. */
  write<Name extends keyof RunFiles>(name: Name, content: RunFiles[Name]): void {
    const { madeFrom } = KINDS[name]
    const envelope = {
      format: FORMAT,
      kind: name,
      version: RUN_FORMAT_VERSION,
      ...(madeFrom === null ? {} : { madeFrom: this.#hash(madeFrom) }),
      content,
    }
    this.writeBytes(`${name}.json`, `${JSON.stringify(envelope, null, 1)}\n`)
  }

  /**
   * Reads any file of the folder.
   *
   * @param file path within the folder
   * @param command the subcommand that writes it, for the error
   * @param sha256 what the file must be, where that is known
   * @throws MissingRunFileError, CorruptRunFileError
   */
  readBytes(file: string, command: string, sha256?: string): Uint8Array {
    const path = join(this.path, file)
    let bytes: Uint8Array
    try {
      const buffer = readFileSync(path)
      bytes = new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength)
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException
      const what = code === 'ENOENT' || code === 'ENOTDIR' ? `There is no ${path}` : `Cannot read ${path} (${code})`
      throw new MissingRunFileError(`${what}. Run the command '${command}' first, with the same --out.`, { cause })
    }
    if (sha256 !== undefined && hashOf(bytes) !== sha256)
      throw new CorruptRunFileError(
        `${path} is not the file that '${command}' wrote: its checksum differs. Run '${command}' again.`,
      )
    return bytes
  }

  /** Writes any file of the folder. @throws UnwritableFolderError */
  writeBytes(file: string, content: string | Uint8Array): void {
    writeAtomically(join(this.path, file), content)
  }

  #holdsRun(): boolean {
    try {
      return (JSON.parse(readFileSync(join(this.path, 'run.json'), 'utf8')) as { format?: unknown } | null)?.format === FORMAT
    } catch {
      return false
    }
  }

  #hash(name: keyof RunFiles): string | undefined {
    const path = join(this.path, `${name}.json`)
    return existsSync(path) ? hashOf(readFileSync(path)) : undefined
  }
}

/** sha256 of some bytes, in hex. */
export function hashOf(...parts: readonly Uint8Array[]): string {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest('hex')
}

function parseObject(bytes: Uint8Array, path: string, remedy: string): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    throw new CorruptRunFileError(`${path} is not JSON (${(cause as Error).message}). ${remedy}`, { cause })
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new CorruptRunFileError(`${path} does not hold a JSON object. ${remedy}`)
  return value as Record<string, unknown>
}
