import * as tf from '@tensorflow/tfjs'
import { VariationalLayer } from '@tfjs-bayes/layers'
import { UnsupportedModelError } from '../errors.ts'
import { rebuilt } from './copyModel.ts'
import { hasKernel, type KernelLayer, linkOf, livingUnits, readKernelLayer } from './deadUnits.ts'

/** How many units of a layer are left. */
export interface RemainingUnits {
  readonly layer: string
  readonly before: number
  readonly after: number
}

/** A model without its dead units. */
export interface SmallerModel<Model extends tf.LayersModel> {
  /** Of the same kind and the same names, not compiled; the caller's. */
  readonly model: Model
  /** One entry for each layer with a kernel, in order. */
  readonly layers: readonly RemainingUnits[]
  readonly parametersBefore: number
  readonly parametersAfter: number
}

/**
 * Makes a pruned model really smaller: units (and filters) that no prediction depends on are left out, with every weight into and out of them.
 *
 * A unit goes where every weight out of it is certain to be 0 (as `prune` makes them), or everything into it is, bias included,
 * and its activation is 0 at 0. The predictions are those of the model up to rounding: in mode 'mean' the same, in mode 'sample' of the same distribution
 * (the noise of the units left out is not drawn, so under one seed the others may get another).
 *
 * Dense and convolutional layers in a row, Bayesian or not, with activations, dropout, pooling and flattening between them; units in front of any other
 * layer stay.
 *
 * @param model layers in a row, one input and one output each; it is left as it is
 * @returns the smaller model, which is the caller's and shares no weight with the given one, with what went
 * @throws UnsupportedModelError for a model with branches or shared layers, or priors with parameters of their own for each weight
 */
export async function dropDeadUnits<Model extends tf.LayersModel>(model: Model): Promise<SmallerModel<Model>> {
  const chain = await kernelChain(model)
  const keep = livingUnits(chain)
  const after = keep.map((each) => each.reduce((sum, kept) => sum + kept, 0))
  const unitsByName = new Map(chain.map(({ layer }, i) => [layer.name, after[i]!]))
  const smaller = rebuilt(model, ({ config }) => {
    const units = unitsByName.get(String(config['name']))
    if (units === undefined) return config
    return { ...config, ...('filters' in config ? { filters: units } : { units }) }
  })
  tf.tidy(() => {
    for (const [index, layer] of model.layers.entries()) {
      const copy = smaller.layers[index]!
      const place = chain.findIndex((each) => each.index === index)
      if (place < 0) copy.setWeights(layer.getWeights())
      else fill(copy, chain[place]!, keep[place]!, chain[place - 1]?.link ? keep[place - 1] : undefined)
    }
  })
  return {
    model: smaller,
    layers: chain.map(({ layer, units }, i) => ({ layer: layer.name, before: units, after: after[i]! })),
    parametersBefore: model.countParams(),
    parametersAfter: smaller.countParams(),
  }
}

/** The kernel layers of a model whose layers stand in a row. */
async function kernelChain(model: tf.LayersModel): Promise<KernelLayer[]> {
  for (const [i, layer] of model.layers.entries()) {
    const follows = layer.inboundNodes.length === 1 && (i === 0 || layer.input === model.layers[i - 1]!.output)
    if (!follows) {
      throw new UnsupportedModelError(
        `Layer '${layer.name}' has several inputs, is used more than once or does not follow the one before it.`,
        'Units can be left out where layers stand in a row. Use the masked model as it is.',
      )
    }
    if (layer instanceof VariationalLayer && layer.prior.batchShape.length > 0) {
      throw new UnsupportedModelError(
        `The prior of layer '${layer.name}' has parameters of shape [${layer.prior.batchShape.join(', ')}].`,
        'Units can be left out where one prior holds for all weights. Use the masked model as it is.',
      )
    }
  }
  const places = model.layers.flatMap((layer, index) => (hasKernel(layer) ? [index] : []))
  return Promise.all(
    places.map((index, i) => {
      const next = places[i + 1]
      const between = next === undefined ? [] : model.layers.slice(index + 1, next)
      return readKernelLayer(index, model.layers[index]!, next === undefined ? undefined : linkOf(model.layers[index]!, between))
    }),
  )
}

/** Gives a smaller layer the weights of the units and channels that stay. */
function fill(copy: tf.layers.Layer, { layer }: KernelLayer, keep: Uint8Array, channels: Uint8Array | undefined): void {
  const cut = (weight: tf.Tensor): tf.Tensor => {
    const columns = tf.gather(weight, indices(keep), weight.rank - 1)
    // The wasm backend of tfjs stores what it gathered with four axes, and its fused kernels refuse that as a bias; a sum is stored as it looks.
    if (weight.rank === 1) return tf.add(columns, 0)
    if (channels === undefined) return columns
    const axis = weight.rank - 2
    const inputs = weight.shape[axis]!
    // Behind a flattening layer the channels come again at each position.
    const rows = Uint8Array.from({ length: inputs }, (_, row) => channels[row % channels.length]!)
    return tf.gather(columns, indices(rows), axis)
  }
  if (!(layer instanceof VariationalLayer)) {
    copy.setWeights(layer.getWeights().map(cut))
    return
  }
  const target = copy as VariationalLayer
  for (const [i, { mu, rho, priorMean }] of layer.weightTensors.entries()) {
    const own = target.weightTensors[i]!
    own.mu.write(cut(mu.read()))
    if (rho) own.rho!.write(cut(rho.read()))
    if (priorMean) own.priorMean!.write(cut(priorMean.read()))
  }
  if (layer.priorLogScale) target.priorLogScale!.write(layer.priorLogScale.read())
}

function indices(keep: Uint8Array): tf.Tensor1D {
  return tf.tensor1d(
    Array.from(keep.keys()).filter((i) => keep[i] === 1),
    'int32',
  )
}
