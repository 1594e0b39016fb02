import type * as tf from '@tensorflow/tfjs'
import { ConversionError } from '../errors.ts'
import { serializeOptions } from '../layers/serializeOptions.ts'
import { twinConfig } from '../layers/tfLayer.ts'
import { VariationalLayer } from '../layers/variationalLayer.ts'
import { variationalLayerClasses } from '../layers/variationalLayerClasses.ts'
import { type EstimatorOptions, resolveOptions, type VariationalOptions } from '../layers/variationalOptions.ts'
import { leafLayers, placesOf } from '../layerTree.ts'
import { type Replacement, rebuildModel } from './rebuildModel.ts'

/** Options of {@link toBayesian}. */
export type ToBayesianOptions = VariationalOptions &
  EstimatorOptions & {
    /**
     * Which layers become Bayesian: all that can, the last one that can, or those that a function picks (the others keep their weights and can be
     * trained, too). Default 'all'.
     */
    readonly layers?: 'all' | 'last' | ((layer: tf.layers.Layer) => boolean)
    /**
     * Start from sigma = delta * |w| instead of initialSigma (MOPED: Krishnan et al., 2020, "Specifying weight priors in Bayesian deep neural networks
     * with empirical Bayes", section 3.1); where |w| < 1e-3, from delta * 1e-3. delta > 0, say 0.1.
     */
    readonly moped?: { readonly delta: number }
  }

/**
 * Makes a model Bayesian: its weights become the means of a posterior.
 *
 * Regularizers of the layers replaced are left out: the prior takes their place.
 *
 * @param model a model of `tf.layers`; it is left as it is
 * @param options of every layer that becomes Bayesian; of a `seed`, each layer gets its own successor
 * @returns a model of the same kind and the same names, not compiled; in mode 'mean' it predicts what the model predicts
 * @throws ConversionError where no layer is picked, or one that is Bayesian already or has no Bayesian counterpart, and where a layer stands in two of
 *   the models that the model is made of (use of one layer at several places of one model is fine)
 */
export function toBayesian<Model extends tf.LayersModel>(model: Model, options: ToBayesianOptions = {}): Model {
  const { layers, moped, ...layerOptions } = options
  if (moped !== undefined && !(moped.delta > 0 && Number.isFinite(moped.delta))) {
    throw new ConversionError(`toBayesian: moped.delta is ${moped.delta}; expected a finite number > 0.`)
  }
  requireOnePlace(model)
  const replacements = new Map<tf.layers.Layer, Replacement>()
  for (const [i, layer] of picked(model, layers ?? 'all').entries()) {
    const resolved = resolveOptions(layer.name, layerOptions)
    const seed = layerOptions.seed === undefined ? resolved.seed : (resolved.seed + i) | 0
    replacements.set(layer, {
      className: variationalLayerClasses[layer.getClassName()]!.className,
      config: { ...twinConfig(layer), ...serializeOptions({ ...resolved, seed }) },
      fill: (copy) => {
        setPosterior(copy as VariationalLayer, layer.getWeights(), moped?.delta)
      },
    })
  }
  return rebuildModel(model, replacements)
}

function picked(model: tf.LayersModel, choice: NonNullable<ToBayesianOptions['layers']>): tf.layers.Layer[] {
  if (choice !== 'all' && choice !== 'last' && typeof choice !== 'function') {
    throw new ConversionError(
      `toBayesian: layers is ${JSON.stringify(choice)}; expected 'all', 'last' or a function that picks layers.`,
    )
  }
  const canBe = (layer: tf.layers.Layer): boolean => Object.hasOwn(variationalLayerClasses, layer.getClassName())
  const leaves = leafLayers(model)
  const possible = leaves.filter(canBe)
  const chosen = choice === 'all' ? possible : choice === 'last' ? possible.slice(-1) : leaves.filter(choice)
  const kinds = Object.keys(variationalLayerClasses).join(', ')
  const impossible = chosen.find((layer) => !canBe(layer))
  if (impossible instanceof VariationalLayer) {
    throw new ConversionError(
      `toBayesian: layer "${impossible.name}" is a ${impossible.getClassName()} already. Pick other layers, or start from toDeterministic(model).`,
    )
  }
  if (impossible !== undefined) {
    throw new ConversionError(
      `toBayesian: layer "${impossible.name}" is a ${impossible.getClassName()}, which has no Bayesian counterpart; there are some of ${kinds}.`,
    )
  }
  if (chosen.length === 0) {
    const names = leaves.map((layer) => `${layer.name} (${layer.getClassName()})`).join(', ')
    throw new ConversionError(`toBayesian: no layer becomes Bayesian. The model has ${names}; pick some of ${kinds}.`)
  }
  return chosen
}

/** A model is copied through its config, which writes a layer once for each place: the copy's weights would not be shared, and their KL counted twice. */
function requireOnePlace(model: tf.LayersModel): void {
  for (const [layer, places] of placesOf(model)) {
    if (places.size === 1) continue
    const names = [...places].map(({ name }) => `"${name}"`).join(' and ')
    throw new ConversionError(
      `toBayesian: layer "${layer.name}" stands in ${names}, and tfjs writes such a model with a layer of its own in each. ` +
        'Build the model anew with variational layers, and give them the weights.',
    )
  }
}

const SMALLEST_MOPED_WEIGHT = 1e-3

function setPosterior(layer: VariationalLayer, weights: readonly tf.Tensor[], delta: number | undefined): void {
  for (const [i, { mu, rho, priorMean }] of layer.weightTensors.entries()) {
    const weight = weights[i]!
    mu.write(weight)
    priorMean?.write(weight)
    if (delta !== undefined) rho?.write(mopedRho(weight, delta))
  }
}

function mopedRho(weight: tf.Tensor, delta: number): tf.Tensor {
  const sigma = weight.abs().maximum(SMALLEST_MOPED_WEIGHT).mul(delta)
  // inverseSoftplus, elementwise.
  return sigma.add(sigma.neg().expm1().neg().log())
}
