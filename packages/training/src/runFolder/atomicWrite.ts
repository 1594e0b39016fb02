import fs from 'node:fs/promises'
import path from 'node:path'
import { RunFolderWriteError } from './errors.ts'

/** What unfinished files end in; a killed process can leave one. */
export const UNFINISHED = '.unfinished'

/**
 * Writes a file so that whoever looks sees the old bytes or the new ones, also after a kill or a power cut: to another name, flushed, then renamed.
 *
 * @throws RunFolderWriteError; the file is then as it was
 */
export async function atomicWrite(file: string, bytes: Uint8Array | string): Promise<void> {
  const unfinished = `${file}${UNFINISHED}`
  try {
    const handle = await fs.open(unfinished, 'w')
    try {
      await handle.writeFile(bytes)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await fs.rename(unfinished, file)
    await syncFolder(path.dirname(file))
  } catch (error) {
    await fs.rm(unfinished, { force: true }).catch(() => {})
    throw new RunFolderWriteError(file, error)
  }
}

/** Makes a rename outlast a power cut; Windows cannot, and need not. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await fs.open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
