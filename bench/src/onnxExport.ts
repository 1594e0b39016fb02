/**
 * The export of a network of 2.4 million weights (784-1200-1200-10): its time, and the memory that it takes at the peak beyond what was there, over the size of
 * the model (mu and rho in float32). Each mode in a process of its own. Linux only: the peak is read from /proc.
 *
 *     pnpm --filter @tfjs-bayes/bench onnx-export -- --out results/onnx-export.json
 */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import * as tf from '@tensorflow/tfjs'
import { useFastestBackend } from '@tfjs-bayes/backend/node'
import { type ExportOptions, exportModel } from '@tfjs-bayes/onnx'
import { networks } from './layerNetworks.ts'
import { machine, writeResult } from './results.ts'

const { values } = parseArgs({
  args: process.argv.slice(2).filter((argument) => argument !== '--'),
  options: { network: { type: 'string', default: 'dense1200' }, mode: { type: 'string' }, out: { type: 'string' } },
})
const MODES: Readonly<Record<string, ExportOptions>> = {
  'local reparameterization, draws stored': { mode: 'localReparameterization', noise: 'baked' },
  'local reparameterization, noise in the graph': { mode: 'localReparameterization', noise: 'graph' },
  'local reparameterization, float16': { mode: 'localReparameterization', noise: 'graph', precision: 'float16' },
  moments: { mode: 'moments' },
  mean: { mode: 'mean' },
}
const RUNS = 5

if (values.mode !== undefined) {
  console.log(JSON.stringify(await measured(MODES[values.mode]!)))
} else {
  const self = fileURLToPath(import.meta.url)
  const rows = Object.keys(MODES).map((mode) => {
    const arguments_ = ['--expose-gc', self, '--network', values.network, '--mode', mode]
    const answer = execFileSync(process.execPath, arguments_, { encoding: 'utf8' })
    return { mode, ...(JSON.parse(answer.trim().split('\n').at(-1)!) as object) }
  })
  console.table(rows)
  if (values.out !== undefined) {
    await writeResult(values.out, {
      bench: 'onnx-export',
      settings: { network: values.network, rows },
      versions: { node: process.version, tfjs: tf.version.tfjs },
      machine: machine(),
      groups: [],
    })
  }
}

/** The first export of a process, whose memory nothing has taken before, and the median of a few more. */
async function measured(options: ExportOptions): Promise<object> {
  await useFastestBackend()
  const model = networks[values.network]!.make('localReparameterization')
  const modelBytes = 4 * model.countParams()
  global.gc?.()
  // Resets the peak.
  writeFileSync('/proc/self/clear_refs', '5')
  const before = kibibytes('VmRSS')
  const times: number[] = []
  let peak = 0
  let fileBytes = 0
  for (let run = 0; run <= RUNS; run++) {
    const start = performance.now()
    fileBytes = exportModel(model, options).length
    times.push(performance.now() - start)
    if (run === 0) peak = 1024 * (kibibytes('VmHWM') - before)
  }
  const [first, ...later] = times
  return {
    parameters: model.countParams(),
    firstMilliseconds: Math.round(first!),
    milliseconds: Math.round(later.sort((a, b) => a - b)[RUNS >> 1]!),
    fileMebibytes: Math.round((fileBytes / 2 ** 20) * 10) / 10,
    peakMebibytes: Math.round(peak / 2 ** 20),
    peakOverModel: Math.round((peak / modelBytes) * 100) / 100,
  }
}

function kibibytes(key: 'VmRSS' | 'VmHWM'): number {
  return Number(new RegExp(`${key}:\\s*(\\d+)`).exec(readFileSync('/proc/self/status', 'utf8'))![1])
}
