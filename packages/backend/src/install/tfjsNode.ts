import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { InstallError } from '../errors.ts'

/** The installed npm package @tensorflow/tfjs-node: the one that `./native` of this package imports. */
export interface TfjsNode {
  readonly version: string
  readonly folder: string
  /** The folder, relative to the package and to a cache entry, where the package looks for its addon. */
  readonly addonFolder: string
}

export const ADDON_FILE = 'tfjs_binding.node'

/**
 * Finds the tfjs-node package beside this one.
 *
 * @param from file or URL from which to resolve; default this package
 * @throws InstallError `package-missing`
 */
export function findTfjsNode(from: string | URL = import.meta.url): TfjsNode {
  let manifestPath: string
  try {
    manifestPath = createRequire(from).resolve('@tensorflow/tfjs-node/package.json')
  } catch (cause) {
    const message =
      '@tensorflow/tfjs-node is not installed beside @tfjs-bayes/backend; install it first: `npm install --ignore-scripts @tensorflow/tfjs-node`'
    throw new InstallError('package-missing', message, { cause })
  }
  const manifest = JSON.parse(readFileSync(manifestPath, 'utf8')) as {
    version: string
    binary: { napi_versions: number[]; module_path: string }
  }
  // As node-pre-gyp chooses it: the newest Node-API that both the package and this Node know.
  const known = Number(process.versions['napi'] ?? 0)
  const napi = Math.max(...manifest.binary.napi_versions.filter((version) => version <= known))
  return {
    version: manifest.version,
    folder: dirname(manifestPath),
    addonFolder: join(manifest.binary.module_path.replace('{napi_build_version}', String(napi))),
  }
}

/** Where tfjs-node looks for its addon. */
export function addonPath(tfjsNode: TfjsNode): string {
  return join(tfjsNode.folder, tfjsNode.addonFolder, ADDON_FILE)
}
