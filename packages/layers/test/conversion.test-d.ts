import * as tf from '@tensorflow/tfjs'
import { Cauchy, NormalScaleMixture } from '@tfjs-bayes/distributions'
import { sampleFunction, toBayesian, toDeterministic } from '../src/index.ts'

const model: tf.Sequential = tf.sequential()

// The kind of the model is kept.
const bayesian: tf.Sequential = toBayesian(model, { layers: 'last', estimator: 'flipout', moped: { delta: 0.1 } })
const back: tf.Sequential = toDeterministic(bayesian)
const drawn: tf.Sequential = sampleFunction(bayesian, 1)
void [back, drawn]

toBayesian(model, { layers: (layer) => layer.name === 'head', kl: 'quadrature', prior: new Cauchy({ mu: 0, scale: 1 }) })
toBayesian(model, { kl: 'upperBound', prior: new NormalScaleMixture({ weights: [0.5, 0.5], sigmas: [0.1, 1] }) })

// @ts-expect-error no such choice
toBayesian(model, { layers: 'first' })
// @ts-expect-error no formula for KL(normal || cauchy)
toBayesian(model, { kl: 'closed', prior: new Cauchy({ mu: 0, scale: 1 }) })
// @ts-expect-error MOPED needs its delta
toBayesian(model, { moped: {} })
// @ts-expect-error the arguments of a layer are those of the trained one
toBayesian(model, { units: 3 })
// @ts-expect-error a draw needs its seed
sampleFunction(bayesian)
