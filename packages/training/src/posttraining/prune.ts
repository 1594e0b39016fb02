import * as tf from '@tensorflow/tfjs'
import { variationalLayers } from '@tfjs-bayes/layers'
import { InvalidOptionError, ShapeMismatchError } from '../errors.ts'
import { copied } from './copyModel.ts'
import type { PruningMask } from './pruningMasks.ts'

/** The rho of a weight that is removed; layers keep it where sigma = softplus(rho) is the smallest float32, whose square is 0. */
const REMOVED_RHO = -1000

/**
 * A copy of a model in which the masked weights are certain to be 0: mu = 0 and sigma^2 = 0 in float32 (rho as low as layers hold it).
 *
 * The copy has the shapes of the model; `dropDeadUnits` makes it smaller. A certain weight is infinitely far from a prior with a density, so a pruned
 * model has no ELBO: judge it by its predictions.
 *
 * @param model it is left as it is
 * @param masks of this model, as `pruningMasks` gives them; a weight tensor without a mask stays whole
 * @returns a model of the same kind and the same names, not compiled; the caller's
 * @throws InvalidOptionError where the model has no such weight; ShapeMismatchError where its shape is another
 */
export function prune<Model extends tf.LayersModel>(model: Model, masks: readonly PruningMask[]): Model {
  const tensors = new Map(
    variationalLayers(model).flatMap((layer) =>
      layer.weightTensors.flatMap((each) => (each.rho ? [[key(layer.name, each.name), each.mu.read().shape] as const] : [])),
    ),
  )
  for (const { layer, weight, shape, keep } of masks) {
    const own = tensors.get(key(layer, weight))
    const what = `the mask of '${weight}' in layer '${layer}'`
    if (!own) throw new InvalidOptionError('masks', what, `masks of weights with a posterior: ${[...tensors.keys()].join(', ')}`)
    if (!tf.util.arraysEqual([...shape], own) || keep.length !== tf.util.sizeFromShape([...shape])) {
      throw new ShapeMismatchError(what, shape, `[${own.join(', ')}], the shape of the weight, with one number each`)
    }
  }
  const copy = copied(model)
  const byWeight = new Map(masks.map((mask) => [key(mask.layer, mask.weight), mask]))
  tf.tidy(() => {
    for (const layer of variationalLayers(copy)) {
      for (const { name, mu, rho } of layer.weightTensors) {
        const mask = byWeight.get(key(layer.name, name))
        if (!mask || !rho) continue
        const keep = tf.tensor(mask.keep, [...mask.shape], 'bool')
        mu.write(tf.where(keep, mu.read(), tf.zerosLike(mu.read())))
        rho.write(tf.where(keep, rho.read(), tf.fill([...mask.shape], REMOVED_RHO)))
      }
    }
  })
  return copy
}

const key = (layer: string, weight: string): string => `${layer}/${weight}`
