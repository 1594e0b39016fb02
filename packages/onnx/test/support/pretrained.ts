import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as tf from '@tensorflow/tfjs'

/** An npm package that ships layers models with trained weights: classifiers of photographs (MIT licence). 25 MB, so no dependency. */
const PACKAGE = 'nsfwjs@4.4.0'

/**
 * Finds the models of that package: in the temporary folder, fetched from npm when they are missing.
 *
 * @returns the folder, or why there is none
 */
export function findPretrained(): { readonly folder: string } | { readonly missing: string } {
  const root = join(tmpdir(), `tfjs-bayes-${PACKAGE.replace('@', '-')}`)
  const folder = join(root, 'package/dist/models')
  if (existsSync(join(folder, 'mobilenet_v2'))) return { folder }
  mkdirSync(root, { recursive: true })
  const packed = spawnSync('npm', ['pack', PACKAGE, '--silent', '--pack-destination', root], {
    encoding: 'utf8',
    shell: process.platform === 'win32',
  })
  if (packed.status !== 0)
    return { missing: `npm pack ${PACKAGE}: ${packed.error?.message ?? packed.stderr.trim().split('\n').at(-1)}` }
  const unpacked = spawnSync('tar', ['xzf', join(root, packed.stdout.trim()), '-C', root, 'package/dist/models'], {
    encoding: 'utf8',
  })
  return unpacked.status === 0 ? { folder } : { missing: `tar: ${unpacked.error?.message ?? unpacked.stderr.trim()}` }
}

interface BundledModel {
  readonly modelTopology: object
  readonly weightsManifest: readonly { readonly paths: readonly string[]; readonly weights: tf.io.WeightsManifestEntry[] }[]
}

/** Loads one of the models; its weights are stored as base64 in scripts. */
export async function loadPretrained(folder: string, name: string): Promise<tf.LayersModel> {
  const require = createRequire(join(folder, 'package.json'))
  const { modelTopology, weightsManifest } = require(`./${name}/model.min.js`) as BundledModel
  const parts = weightsManifest.flatMap(({ paths }) => paths.map((path) => require(`./${name}/${path}.min.js`) as string))
  const weightData = Buffer.concat(parts.map((part) => Buffer.from(part, 'base64')))
  return tf.loadLayersModel(
    tf.io.fromMemory({
      modelTopology,
      weightSpecs: weightsManifest.flatMap(({ weights }) => weights),
      weightData: new Uint8Array(weightData).buffer,
    }),
  )
}
