import { basename, join } from 'node:path'
import { cacheRoot, listEntries, sizeOf } from './cache.ts'
import { type AddonPlace, addonPlace } from './link.ts'
import { checkLoads } from './loadCheck.ts'
import { changedFiles, damagedFiles, type Manifest, readManifest } from './manifest.ts'
import { megabytes } from './progress.ts'
import { ADDON_FILE, addonPath, findTfjsNode, type TfjsNode } from './tfjsNode.ts'

export interface Status {
  /** The addon loads and the files are what the install wrote. */
  readonly ok: boolean
  /** What there is to know, as pairs of name and text. */
  readonly lines: readonly (readonly [string, string])[]
}

/**
 * Looks at what is there: the package, its addon and where that comes from, whether it loads, the cache.
 *
 * @param options.verify read every file and compare its checksum, not only size and time
 */
export async function status(options: {
  readonly verify: boolean
  readonly env: NodeJS.ProcessEnv
  readonly signal: AbortSignal
}): Promise<Status> {
  const root = cacheRoot(options.env)
  const lines: (readonly [string, string])[] = []
  let ok = false
  const tfjsNode = tryToFind()
  if (tfjsNode === undefined) lines.push(['tfjs-node', 'not installed beside @tfjs-bayes/backend'])
  else {
    lines.push(['tfjs-node', `${tfjsNode.version} in ${tfjsNode.folder}`])
    const place = addonPlace(tfjsNode, root)
    lines.push(['addon', describePlace(place)])
    if (place.kind !== 'nothing' && !place.dangling) {
      const check = await checkLoads(addonPath(tfjsNode), options)
      lines.push(['loads', check.loads ? `yes, TensorFlow ${check.tensorflow}` : `no: ${check.reason}`])
      ok = check.loads
    }
    if (place.kind === 'cache' && !place.dangling) {
      const files = await checkFiles(place.entry, options)
      lines.push(...files.lines)
      ok &&= files.ok
    }
  }
  const entries = listEntries(root)
  lines.push(['cache', `${root}: ${entries.length === 1 ? '1 entry' : `${entries.length} entries`}, ${megabytes(sizeOf(root))}`])
  return { ok, lines }
}

function tryToFind(): TfjsNode | undefined {
  try {
    return findTfjsNode()
  } catch {
    return undefined
  }
}

function describePlace(place: AddonPlace): string {
  if (place.kind === 'nothing') return 'none: `npx tfjs-bayes-native install` brings it'
  if (place.dangling) {
    const target = place.kind === 'cache' ? place.entry : place.path
    return `a link to ${target}, where no ${ADDON_FILE} is: \`npx tfjs-bayes-native install\` brings it again`
  }
  return place.kind === 'cache' ? `from the cache: ${basename(place.entry)}` : `not from the cache: ${place.path}`
}

async function checkFiles(entry: string, options: { readonly verify: boolean; readonly signal: AbortSignal }): Promise<Status> {
  const manifest = readManifest(entry)
  if (manifest === undefined) return { ok: false, lines: [['files', `${join(entry, 'manifest.json')} cannot be read`]] }
  const wrong = options.verify ? await damagedFiles(entry, manifest, options) : changedFiles(entry, manifest)
  return {
    ok: wrong.length === 0,
    lines: [
      ['origin', manifest.origin],
      ['files', describeFiles(manifest, wrong, options.verify)],
    ],
  }
}

function describeFiles({ files }: Manifest, wrong: readonly string[], verified: boolean): string {
  if (wrong.length > 0)
    return `${verified ? 'damaged' : 'changed'}: ${wrong.join(', ')}; \`npx tfjs-bayes-native install\` mends it`
  return verified
    ? `${files.length}, checksums match`
    : `${files.length}, sizes and times as installed (--verify compares checksums)`
}
