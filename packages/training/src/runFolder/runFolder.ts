import fs from 'node:fs/promises'
import path from 'node:path'
import type { Checkpoint, CheckpointStore } from '../checkpoint/checkpoint.ts'
import { atomicWrite, UNFINISHED } from './atomicWrite.ts'
import { CHECKPOINT_VERSION, decodeCheckpoint, encodeCheckpoint } from './checkpointFile.ts'
import {
  CorruptCheckpointError,
  NotARunFolderError,
  RunFolderClosedError,
  RunFolderWriteError,
  UnsupportedCheckpointError,
} from './errors.ts'
import { LOCK, lockFolder, removeAbandonedLocks } from './folderLock.ts'

/** What the run was asked to do, as JSON. */
const DESCRIPTION = 'training-run.json'
/** One epoch a line, as JSON. */
const METRICS = 'metrics.jsonl'
const CHECKPOINT = /^checkpoint-(\d+)\.bin$/
/** The newest checkpoint, and the one before it in case the newest is damaged. */
const KEPT = 2

/** A training run on disk, for the `checkpoint.store` of `fit`. */
export interface RunFolder extends CheckpointStore {
  readonly path: string
  /** Lets others use the folder. */
  close(): Promise<void>
}

/**
 * Opens a folder that keeps a training run: `training-run.json` (what it was asked to do), `metrics.jsonl` (one epoch a line) and its newest two checkpoints.
 *
 * A process may be killed at any moment: files come whole or not at all, and the run goes on from the newest checkpoint. Node only.
 *
 * @param folder a folder that is new, empty, or holds a run
 * @returns the folder, locked for this process until `close`
 * @throws RunFolderInUseError, NotARunFolderError or RunFolderWriteError; its methods CorruptCheckpointError, UnsupportedCheckpointError or
 *   RunFolderWriteError, with the older checkpoint kept
 */
export async function openRunFolder(folder: string): Promise<RunFolder> {
  await makeFolder(folder)
  const release = await lockFolder(folder)
  try {
    for (const file of await fs.readdir(folder)) {
      if (file.endsWith(UNFINISHED)) await fs.rm(path.join(folder, file), { force: true })
    }
    // Killed between a checkpoint and the removal of its forerunners again and again, processes would leave one more each time.
    for (const file of (await checkpointFiles(folder)).slice(KEPT)) await fs.rm(path.join(folder, file), { force: true })
    await removeAbandonedLocks(folder)
  } catch (error) {
    await release()
    throw error
  }
  return new OpenRunFolder(folder, release)
}

class OpenRunFolder implements RunFolder {
  readonly path: string
  readonly #release: () => Promise<void>
  #open = true
  /** Epochs that `metrics.jsonl` holds, where that is known. */
  #written: number | undefined

  constructor(folder: string, release: () => Promise<void>) {
    this.path = folder
    this.#release = release
  }

  async latest(): Promise<Checkpoint | undefined> {
    this.#requireOpen()
    const [newest, older] = await checkpointFiles(this.path)
    if (newest === undefined) return undefined
    const decoded = decodeCheckpoint(await fs.readFile(this.#in(newest)))
    if (!('kind' in decoded)) return decoded
    if (decoded.kind === 'version') throw new UnsupportedCheckpointError(this.#in(newest), decoded.version, CHECKPOINT_VERSION)
    throw new CorruptCheckpointError(this.#in(newest), decoded.why, older && this.#in(older))
  }

  async save(checkpoint: Checkpoint): Promise<void> {
    this.#requireOpen()
    const files = await checkpointFiles(this.path)
    const number = Number(files[0]?.match(CHECKPOINT)?.[1] ?? 0) + 1
    if (files.length === 0) await atomicWrite(this.#in(DESCRIPTION), `${JSON.stringify(checkpoint.description, null, 2)}\n`)
    await atomicWrite(this.#in(`checkpoint-${number}.bin`), encodeCheckpoint(checkpoint))
    // The metrics come after the checkpoint that they belong to: killed in between, the next save writes them.
    if (this.#written !== checkpoint.epochs.length) {
      await atomicWrite(this.#in(METRICS), checkpoint.epochs.map((epoch) => `${JSON.stringify(epoch)}\n`).join(''))
      this.#written = checkpoint.epochs.length
    }
    for (const file of files.slice(KEPT - 1)) await fs.rm(this.#in(file), { force: true })
  }

  async close(): Promise<void> {
    if (!this.#open) return
    this.#open = false
    await this.#release()
  }

  #requireOpen(): void {
    if (!this.#open) throw new RunFolderClosedError(this.path)
  }

  #in(file: string): string {
    return path.join(this.path, file)
  }
}

/** Checkpoint files, the newest first. */
async function checkpointFiles(folder: string): Promise<string[]> {
  const number = (file: string): number => Number(file.match(CHECKPOINT)![1])
  return (await fs.readdir(folder)).filter((file) => CHECKPOINT.test(file)).sort((a, b) => number(b) - number(a))
}

/** Makes the folder, or refuses one that holds something else. */
async function makeFolder(folder: string): Promise<void> {
  try {
    await fs.mkdir(folder, { recursive: true })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST' || code === 'ENOTDIR') throw new NotARunFolderError(folder, 'it, or a part of its path, is a file')
    throw new RunFolderWriteError(folder, error)
  }
  const files = await fs.readdir(folder)
  const foreign = files.filter((file) => !isOurs(file))
  if (foreign.length > 0 && !files.includes(DESCRIPTION)) {
    throw new NotARunFolderError(
      folder,
      `it holds ${foreign.slice(0, 3).join(', ')}${foreign.length > 3 ? ', ...' : ''} but no ${DESCRIPTION}`,
    )
  }
}

const isOurs = (file: string): boolean =>
  [DESCRIPTION, METRICS].includes(file) ||
  CHECKPOINT.test(file) ||
  file === LOCK ||
  file.startsWith(`${LOCK}-`) ||
  file.endsWith(UNFINISHED)
