import { existsSync } from 'node:fs'
import { basename } from 'node:path'
import { listEntries, lockPath, removeEntry, removeStaleStaging, sizeOf } from './cache.ts'
import { addonPlace, unlinkEntry } from './link.ts'
import { withLock } from './lock.ts'
import { readManifest } from './manifest.ts'
import { megabytes } from './progress.ts'
import type { Workplace } from './source.ts'

/**
 * Removes this project's link into the cache, and the cache's entries for this version of tfjs-node and this platform.
 *
 * Other checkouts that were linked to them lose the native backend too, until they install again.
 *
 * @returns one sentence for people
 */
export async function remove({ tfjsNode, root, signal }: Workplace): Promise<string> {
  const place = addonPlace(tfjsNode, root)
  if (place.kind === 'cache') unlinkEntry(tfjsNode)
  const kept = place.kind === 'other' ? ` The addon in ${place.path} is not from the cache and stays.` : ''
  if (!existsSync(root)) return `Nothing to remove: there is no cache ${root}.${kept}`
  return await withLock(
    lockPath(root),
    async () => {
      removeStaleStaging(root)
      const entries = listEntries(root).filter((entry) => {
        const manifest = readManifest(entry)
        return manifest === undefined || (manifest.tfjsNode === tfjsNode.version && isThisPlatform(manifest))
      })
      if (entries.length === 0 && place.kind !== 'cache')
        return `Nothing to remove: ${root} has no entry for tfjs-node ${tfjsNode.version}.${kept}`
      const bytes = entries.reduce((sum, entry) => sum + sizeOf(entry), 0)
      for (const entry of entries) removeEntry(entry)
      const what = [place.kind === 'cache' ? 'the link' : '', ...entries.map((entry) => basename(entry))].filter(
        (name) => name !== '',
      )
      return `Removed ${what.join(' and ')}: ${megabytes(bytes)}.${kept}`
    },
    { signal },
  )
}

const isThisPlatform = ({ platform, arch }: { platform: string; arch: string }): boolean =>
  platform === process.platform && arch === process.arch
