/**
 * The export of an ordinary network of 25 million weights (a residual network of 34 layers with a wide head, images of 96 x 96): time and peak memory beyond what
 * was there, over the size of the weights; then a batch of images through tfjs and through the file in onnxruntime, by turns. Linux only: the peak is read from /proc.
 *
 *     pnpm --filter @tfjs-bayes/bench onnx-layers -- --out results/onnx-layers.json
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import * as tf from '@tensorflow/tfjs'
import { useFastestBackend } from '@tfjs-bayes/backend/node'
import { exportLayersModel } from '@tfjs-bayes/onnx'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { type Contestant, interleave } from './interleave.ts'
import { machine, printTimings, writeResult } from './results.ts'

const { values } = parseArgs({
  args: process.argv.slice(2).filter((argument) => argument !== '--'),
  options: { batch: { type: 'string', default: '4' }, steps: { type: 'string', default: '9' }, out: { type: 'string' } },
})
const SIZE = 96
const EXPORTS = 3

const report = await useFastestBackend()
console.log(report.message)
const model = residualNetwork()
const weightBytes = 4 * model.countParams()
global.gc?.()
// Resets the peak.
writeFileSync('/proc/self/clear_refs', '5')
const before = kibibytes('VmRSS')
const times: number[] = []
let bytes: Uint8Array = new Uint8Array(0)
let peak = 0
for (let run = 0; run < EXPORTS; run++) {
  const start = performance.now()
  bytes = exportLayersModel(model, { foldBatchNormalization: true })
  times.push(performance.now() - start)
  if (run === 0) peak = 1024 * (kibibytes('VmHWM') - before)
}
const exported = {
  weights: model.countParams(),
  firstMilliseconds: Math.round(times[0]!),
  milliseconds: Math.round(Math.min(...times)),
  fileMebibytes: Math.round(bytes.length / 2 ** 20),
  peakMebibytes: Math.round(peak / 2 ** 20),
  peakOverWeights: Math.round((peak / weightBytes) * 100) / 100,
}
console.table([exported])

const batch = Number(values.batch)
const images = tf.randomNormal([batch, SIZE, SIZE, 3], 0, 1, 'float32', 1)
const pixels = images.dataSync<'float32'>().slice()
const session = await InferenceSession.create(bytes, { logSeverityLevel: 3 })
const contestants: readonly Contestant[] = [
  {
    name: `tfjs (${report.name})`,
    run: (steps) =>
      timed(steps, async () => {
        const y = model.predict(images) as tf.Tensor
        await y.data()
        y.dispose()
      }),
  },
  {
    name: 'onnxruntime-node',
    run: (steps) =>
      timed(steps, async () => {
        await session.run({ x: new Tensor('float32', pixels, [batch, SIZE, SIZE, 3]) })
      }),
  },
]
const timings = await interleave(contestants, { steps: Number(values.steps), warmUp: 2 })
printTimings(`${batch} images`, timings)
if (values.out !== undefined) {
  await writeResult(values.out, {
    bench: 'onnx-layers',
    settings: { batch, size: SIZE, exported },
    versions: { node: process.version, tfjs: tf.version.tfjs },
    machine: machine(),
    groups: [{ name: `${batch} images`, timings }],
  })
}

async function timed(steps: number, step: () => Promise<void>): Promise<readonly number[]> {
  const milliseconds: number[] = []
  for (let i = 0; i < steps; i++) {
    const start = performance.now()
    await step()
    milliseconds.push(performance.now() - start)
  }
  return milliseconds
}

/** He et al., 2015, "Deep residual learning": basic blocks [3, 4, 6, 3]; the head's hidden layer brings it to 25 million weights. */
function residualNetwork(): tf.LayersModel {
  const input = tf.input({ shape: [SIZE, SIZE, 3] })
  const apply = (layer: tf.layers.Layer, x: tf.SymbolicTensor | tf.SymbolicTensor[]): tf.SymbolicTensor =>
    layer.apply(x) as tf.SymbolicTensor
  const convolved = (x: tf.SymbolicTensor, filters: number, kernelSize: number, strides: number): tf.SymbolicTensor => {
    const y = apply(
      tf.layers.conv2d({ filters, kernelSize, strides, padding: 'same', useBias: false, kernelInitializer: 'heNormal' }),
      x,
    )
    return apply(tf.layers.batchNormalization(), y)
  }
  const relu = (x: tf.SymbolicTensor): tf.SymbolicTensor => apply(tf.layers.reLU(), x)
  let x = apply(tf.layers.maxPooling2d({ poolSize: 3, strides: 2, padding: 'same' }), relu(convolved(input, 64, 7, 2)))
  for (const [stage, blocks] of [3, 4, 6, 3].entries()) {
    const filters = 64 * 2 ** stage
    for (let block = 0; block < blocks; block++) {
      const strides = block === 0 && stage > 0 ? 2 : 1
      const y = convolved(relu(convolved(x, filters, 3, strides)), filters, 3, 1)
      const shortcut = strides === 1 ? x : convolved(x, filters, 1, strides)
      x = relu(apply(tf.layers.add(), [y, shortcut]))
    }
  }
  const hidden = apply(
    tf.layers.dense({ units: 2200, activation: 'relu', kernelInitializer: 'heNormal' }),
    apply(tf.layers.globalAveragePooling2d({}), x),
  )
  return tf.model({ inputs: input, outputs: apply(tf.layers.dense({ units: 1000, kernelInitializer: 'heNormal' }), hidden) })
}

function kibibytes(key: 'VmRSS' | 'VmHWM'): number {
  return Number(new RegExp(`${key}:\\s*(\\d+)`).exec(readFileSync('/proc/self/status', 'utf8'))![1])
}
