/** An error that the user can do something about: its text says what happened, what was expected and the way out. */
abstract class DemoError extends Error {
  abstract readonly code: string
}

/** A data file that is not there. */
export class MissingDataFileError extends DemoError {
  override readonly name = 'MissingDataFileError'
  readonly code = 'DATA_FILE_MISSING'
}

/** A data file that is empty, truncated, compressed or of another kind. */
export class InvalidDataFileError extends DemoError {
  override readonly name = 'InvalidDataFileError'
  readonly code = 'DATA_FILE_INVALID'
}

/** A file of the run folder that an earlier stage should have written. */
export class MissingRunFileError extends DemoError {
  override readonly name = 'MissingRunFileError'
  readonly code = 'RUN_FILE_MISSING'
}

/** A file of the run folder that cannot be what the stage before wrote. */
export class CorruptRunFileError extends DemoError {
  override readonly name = 'CorruptRunFileError'
  readonly code = 'RUN_FILE_CORRUPT'
}

/** A file of the run folder that was made from files which have changed since. */
export class StaleRunFileError extends DemoError {
  override readonly name = 'StaleRunFileError'
  readonly code = 'RUN_FILE_STALE'
}

/** A run folder in the format of another version of this program. */
export class RunFormatVersionError extends DemoError {
  override readonly name = 'RunFormatVersionError'
  readonly code = 'RUN_FORMAT_VERSION'
}

/** An output folder that holds something else. */
export class ForeignFolderError extends DemoError {
  override readonly name = 'ForeignFolderError'
  readonly code = 'FOLDER_FOREIGN'
}

/** An output folder that cannot be made or written to. */
export class UnwritableFolderError extends DemoError {
  override readonly name = 'UnwritableFolderError'
  readonly code = 'FOLDER_UNWRITABLE'
}

/** A setting out of its range, or two that do not go together. */
export class InvalidSettingError extends DemoError {
  override readonly name = 'InvalidSettingError'
  readonly code = 'SETTING_INVALID'
}
