/**
 * Distributions against PyTorch (and TensorFlow Probability where it is installed), in turns: KL(Normal || Normal) with its gradient on 1200 x 1200 weights,
 * the KL of two 1000-dimensional normal distributions with full covariances, standard normal numbers, and what the roads to a mixture prior cost beside the closed form.
 *
 *     pnpm --filter @tfjs-bayes/bench distributions -- --python PYTHON_WITH_TORCH --tfp PYTHON_WITH_TFP --out results/distributions.json
 */
import { parseArgs } from 'node:util'
import * as tf from '@tensorflow/tfjs'
import { statelessNormal, statelessSigns, statelessUniform } from '@tfjs-bayes/backend'
import { compile } from '@tfjs-bayes/backend/compile'
import { useFastestBackend } from '@tfjs-bayes/backend/node'
import {
  closedKl,
  klUpperBound,
  MultivariateNormal,
  monteCarloKl,
  Normal,
  NormalScaleMixture,
  quadratureKl,
  softplus,
  sumOfKlNormalNormal,
} from '@tfjs-bayes/distributions'
import { type Contestant, contestant, interleave } from './interleave.ts'
import { PythonPeer } from './pythonPeer.ts'
import { machine, printTimings, writeResult } from './results.ts'

const { values } = parseArgs({
  args: process.argv.slice(2).filter((argument) => argument !== '--'),
  options: {
    weights: { type: 'string', default: '1200' },
    dimensions: { type: 'string', default: '1000' },
    steps: { type: 'string', default: '21' },
    python: { type: 'string' },
    tfp: { type: 'string' },
    out: { type: 'string' },
  },
})
const size = Number(values.weights)
const dimensions = Number(values.dimensions)

const backend = await useFastestBackend()
console.log(backend.message)
const pythonPeers: PythonPeer[] = []
for (const [option, python, script] of [
  ['--python', values.python, 'torch_distributions.py'],
  ['--tfp', values.tfp, 'tfp_distributions.py'],
] as const) {
  const peer = python === undefined ? `no ${option} given` : await PythonPeer.start(python, script)
  if (typeof peer === 'string') console.log(`Without ${script}: ${peer}`)
  else pythonPeers.push(peer)
}

const [mu, rho] = [
  tf.variable(tf.mul(statelessNormal([size, size], 1, 0), 0.05)),
  tf.variable(tf.sub(tf.mul(statelessNormal([size, size], 1, 1), 0.1), 3)),
]
const mixture = new NormalScaleMixture({ weights: [0.75, 0.25], sigmas: [0.1, 0.0005] })
const prior = new Normal({ mu: 0, sigma: 0.1 })

const groups = []
for (const [title, contestants] of [
  [
    `KL(Normal || Normal) and its gradient, ${size} x ${size}`,
    [
      ...posteriorKl('closed', (q) => closedKl(q, prior)),
      ...posteriorKl('closed, summed at once', (q) => sumOfKlNormalNormal(q, prior)),
      ...peers('kl_normal', { size }),
    ],
  ],
  [
    `KL of full covariances and its gradient, ${dimensions} dimensions`,
    [...multivariate(), ...peers('kl_multivariate', { size: dimensions })],
  ],
  [`standard normal numbers, ${size} x ${size}`, [...randomNumbers(), ...peers('randn', { size })]],
  [
    `roads to a spike-and-slab prior with their gradients, ${size} x ${size}`,
    [
      ...posteriorKl('upperBound', (q) => klUpperBound(q, mixture)),
      ...posteriorKl('quadrature, 16 nodes', (q) => quadratureKl(q, mixture, { nodes: 16 })),
      ...posteriorKl('monteCarlo', (q) => monteCarloKl(q, mixture, q.sample(statelessNormal([size, size], 1, 2)))),
    ],
  ],
] as const) {
  const timings = await interleave(contestants, { steps: Number(values.steps), warmUp: 6 })
  printTimings(title, timings)
  groups.push({ name: title, timings })
}
for (const peer of pythonPeers) peer.stop()
if (values.out !== undefined) {
  await writeResult(values.out, {
    bench: 'distributions',
    settings: { weights: size, dimensions, steps: Number(values.steps) },
    versions: {
      node: process.version,
      tfjs: tf.version.tfjs,
      backend: backend.name,
      ...Object.fromEntries(pythonPeers.flatMap(({ hello }) => Object.entries(hello).filter(([name]) => name !== 'libraries'))),
    },
    machine: machine(),
    groups,
  })
}

/** The sum of a divergence from N(mu, softplus(rho)^2) with its gradient by both, eager and compiled. */
function posteriorKl(name: string, divergence: (q: Normal) => tf.Tensor): Contestant[] {
  const step = (): { value: tf.Tensor; mu: tf.Tensor; rho: tf.Tensor } => {
    const { value, grads } = tf.variableGrads(
      () => tf.sum(divergence(new Normal({ mu, sigma: softplus(rho) }))) as tf.Scalar,
      [mu, rho],
    )
    return { value, mu: grads[mu.name]!, rho: grads[rho.name]! }
  }
  return [reading(`${name}, compiled`, compile(step)), reading(`${name}, eager`, step)]
}

function multivariate(): Contestant[] {
  const covariance = (key: number): tf.Tensor => {
    const root = statelessNormal([dimensions, dimensions], key, 0) as tf.Tensor2D
    return tf.add(tf.div(tf.matMul(root, root, false, true), dimensions), tf.eye(dimensions))
  }
  const [a, b] = [tf.variable(tf.tidy(() => covariance(3))), tf.tidy(() => covariance(4))]
  const zero = tf.zeros([dimensions])
  const step = (): { value: tf.Tensor; gradient: tf.Tensor } => {
    const divergence = (): tf.Scalar =>
      closedKl(
        new MultivariateNormal({ mu: zero, covariance: a }),
        new MultivariateNormal({ mu: zero, covariance: b }),
      ) as tf.Scalar
    const { value, grads } = tf.variableGrads(divergence, [a])
    return { value, gradient: grads[a.name]! }
  }
  return [reading('closed, compiled', compile(step)), reading('closed, eager', step)]
}

function randomNumbers(): Contestant[] {
  let counter = 0
  const shape = [size, size]
  return [
    reading('statelessNormal', () => ({ value: statelessNormal(shape, 1, counter++) })),
    reading('tf.randomNormal', () => ({ value: tf.randomNormal(shape) })),
    reading('statelessUniform', () => ({ value: statelessUniform(shape, 1, counter++) })),
    reading('statelessSigns', () => ({ value: statelessSigns(shape, 1, counter++) })),
  ]
}

function peers(task: string, request: object): Contestant[] {
  return pythonPeers.flatMap((peer) =>
    (peer.hello['libraries'] as readonly string[]).map((library) => peer.contestant(library, { task, library, ...request })),
  )
}

/** A contestant that reads one number of its result, which waits for the end of the work, and frees it. */
function reading(name: string, step: () => Record<string, tf.Tensor>): Contestant {
  return contestant(name, () => {
    const results = tf.tidy(step)
    const first = tf.tidy(() => tf.reshape(Object.values(results)[0]!, [-1]).slice(0, 1).dataSync()[0])
    tf.dispose(results)
    return first
  })
}
