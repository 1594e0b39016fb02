import { TrainingError } from '../errors.ts'

/** Another process is using the run folder. */
export class RunFolderInUseError extends TrainingError {
  override readonly name = 'RunFolderInUseError'
  readonly code = 'RUN_FOLDER_IN_USE'
  readonly pid: number

  constructor(folder: string, pid: number, lock: string) {
    super(
      `The run folder ${folder} is in use by the process ${pid}. Wait for it or take another folder; ` +
        `if that process is no training run (its number was given anew), delete ${lock}.`,
    )
    this.pid = pid
  }
}

/** A folder holds other things than a run. */
export class NotARunFolderError extends TrainingError {
  override readonly name = 'NotARunFolderError'
  readonly code = 'NOT_A_RUN_FOLDER'

  constructor(folder: string, why: string) {
    super(`${folder} is no run folder: ${why}. Give an empty folder, a new one, or one that a run was kept in.`)
  }
}

/** A checkpoint file cannot be read: it is cut short, damaged, or no checkpoint. */
export class CorruptCheckpointError extends TrainingError {
  override readonly name = 'CorruptCheckpointError'
  readonly code = 'CORRUPT_CHECKPOINT'
  readonly file: string

  constructor(file: string, why: string, older: string | undefined) {
    const remedy =
      older === undefined
        ? 'There is no older one: delete it to start anew.'
        : `The one before it, ${older}, is kept: delete the damaged one to go on from there.`
    super(`The checkpoint ${file} cannot be read: ${why}. ${remedy}`)
    this.file = file
  }
}

/** A checkpoint file was written in another format. */
export class UnsupportedCheckpointError extends TrainingError {
  override readonly name = 'UnsupportedCheckpointError'
  readonly code = 'UNSUPPORTED_CHECKPOINT'
  readonly version: number

  constructor(file: string, version: number, supported: number) {
    super(
      `The checkpoint ${file} has format version ${version}; this release reads version ${supported}. ` +
        'Go on with the release that wrote it, or in another folder.',
    )
    this.version = version
  }
}

/** A file of a run folder could not be written. */
export class RunFolderWriteError extends TrainingError {
  override readonly name = 'RunFolderWriteError'
  readonly code = 'RUN_FOLDER_WRITE'
  readonly file: string

  constructor(file: string, cause: unknown) {
    const { code, message } = cause as NodeJS.ErrnoException
    const why =
      code === 'ENOSPC' ? 'the disk is full' : code === 'EACCES' || code === 'EROFS' ? 'the folder is not writable' : message
    super(
      `${file} could not be written: ${why}. What was there before is unchanged; make room or take another folder and start again.`,
      { cause },
    )
    this.file = file
  }
}

/** A run folder is used after it was closed, when another process may have it. */
export class RunFolderClosedError extends TrainingError {
  override readonly name = 'RunFolderClosedError'
  readonly code = 'RUN_FOLDER_CLOSED'

  constructor(folder: string) {
    super(`The run folder ${folder} was closed. Open it again with openRunFolder.`)
  }
}
