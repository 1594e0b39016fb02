export {
  CorruptCheckpointError,
  NotARunFolderError,
  RunFolderClosedError,
  RunFolderInUseError,
  RunFolderWriteError,
  UnsupportedCheckpointError,
} from './runFolder/errors.ts'
export type { RunFolder } from './runFolder/runFolder.ts'
export { openRunFolder } from './runFolder/runFolder.ts'
