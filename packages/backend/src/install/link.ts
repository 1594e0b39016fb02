import { existsSync, lstatSync, mkdirSync, readlinkSync, renameSync, rmSync, type Stats, symlinkSync } from 'node:fs'
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path'
import { InstallError } from '../errors.ts'
import { addonPath, type TfjsNode } from './tfjsNode.ts'

/** What lies where tfjs-node looks for its addon. */
export type AddonPlace =
  | { readonly kind: 'nothing' }
  /** A link into the cache; `entry` may be gone. */
  | { readonly kind: 'cache'; readonly entry: string; readonly dangling: boolean }
  /** Something that this command did not make: tfjs-node's own install, a build by hand. */
  | { readonly kind: 'other'; readonly path: string; readonly dangling: boolean }

/**
 * Looks where tfjs-node looks for its addon.
 *
 * @param root folder of the cache
 */
export function addonPlace(tfjsNode: TfjsNode, root: string): AddonPlace {
  const link = join(tfjsNode.folder, tfjsNode.addonFolder)
  const stats = lookAt(link)
  if (stats === undefined) return { kind: 'nothing' }
  const dangling = !existsSync(addonPath(tfjsNode))
  if (!stats.isSymbolicLink()) return dangling ? { kind: 'nothing' } : { kind: 'other', path: link, dangling }
  const target = resolve(dirname(link), readlinkSync(link))
  const inCache = relative(root, target)
  if (inCache.startsWith('..') || isAbsolute(inCache)) return { kind: 'other', path: target, dangling }
  return { kind: 'cache', entry: join(root, inCache.split(sep)[0]!), dangling }
}

/**
 * Makes tfjs-node's addon folder a link into a cache entry, by one rename: at no moment is there half a link.
 *
 * A folder that is there already (an addon that does not load) is kept beside it under another name.
 *
 * @throws InstallError `not-writable`
 */
export function linkEntry(tfjsNode: TfjsNode, entry: string): void {
  const link = join(tfjsNode.folder, tfjsNode.addonFolder)
  const temporary = `${link}.link-${process.pid}`
  try {
    mkdirSync(dirname(link), { recursive: true })
    rmSync(temporary, { force: true })
    // A junction needs no rights on Windows; elsewhere the kind is ignored.
    symlinkSync(join(entry, tfjsNode.addonFolder), temporary, 'junction')
    const stats = lookAt(link)
    if (stats?.isDirectory()) {
      rmSync(`${link}.replaced`, { recursive: true, force: true })
      renameSync(link, `${link}.replaced`)
    } else if (stats !== undefined && process.platform === 'win32') rmSync(link)
    renameSync(temporary, link)
  } catch (cause) {
    if (lookAt(temporary) !== undefined) rmSync(temporary)
    const message = `The link ${link} could not be made (${(cause as Error).message}); run the command as a user who may write there`
    throw new InstallError('not-writable', message, { cause })
  }
}

/** Removes a link into the cache. */
export function unlinkEntry(tfjsNode: TfjsNode): void {
  rmSync(join(tfjsNode.folder, tfjsNode.addonFolder), { force: true })
}

function lookAt(path: string): Stats | undefined {
  try {
    return lstatSync(path)
  } catch {
    return undefined
  }
}
