import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { UnwritableFolderError } from '../errors.ts'

/**
 * Writes a file so that a reader finds either the whole of it or what was there before: to a temporary name beside it, then renamed.
 *
 * @param path the file; missing folders are made
 * @throws UnwritableFolderError, with nothing left behind
 */
export function writeAtomically(path: string, content: string | Uint8Array): void {
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.tmp`)
  try {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(temporary, content)
    renameSync(temporary, path)
  } catch (cause) {
    rmSync(temporary, { force: true })
    throw unwritable(path, cause)
  }
}

/** The named error for a path that the file system refused, with what to do about its reason. */
export function unwritable(path: string, cause: unknown): UnwritableFolderError {
  const { code, message } = cause as NodeJS.ErrnoException
  const wayOut = WAYS_OUT[code ?? ''] ?? 'Choose another folder with --out.'
  return new UnwritableFolderError(`Cannot write ${path} (${code ?? message}). ${wayOut}`, { cause })
}

const WAYS_OUT: Readonly<Record<string, string>> = {
  EACCES: 'You may not write there: choose another folder with --out.',
  EPERM: 'You may not write there: choose another folder with --out.',
  EROFS: 'That file system is read-only: choose another folder with --out.',
  ENOTDIR: 'A part of that path is a file, not a folder: choose another folder with --out.',
  EEXIST: 'A part of that path is a file, not a folder: choose another folder with --out.',
  ENOSPC: 'The disk is full: make room, or choose another folder with --out.',
}
