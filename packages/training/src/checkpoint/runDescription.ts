import type * as tf from '@tensorflow/tfjs'
import { CheckpointMismatchError } from '../errors.ts'

/** A choice with its parameters, by name. */
export interface NamedSettings {
  readonly name: string
  readonly settings: Readonly<Record<string, number | boolean | string | readonly number[]>>
}

/** What a run was asked to do: whatever changes its bits. Plain data. */
export interface RunDescription {
  /** Layers with their configuration, as `describeModel` gives them. */
  readonly model: string
  /** Shape and hash of some rows of the data. */
  readonly data: string
  readonly likelihood: NamedSettings
  readonly optimizer: NamedSettings
  readonly learningRate: NamedSettings
  readonly beta: NamedSettings
  readonly seed: number
  readonly rows: number
  readonly batchSize: number
  readonly datasetSize: number
  readonly samples: number
  readonly noise: string
  readonly validationSamples: number
  readonly clipNorm: number | null
  readonly earlyStopping: NamedSettings | null
  /** May grow from one start to the next: a run that is done goes on. */
  readonly epochs: number
}

/** Refuses a checkpoint of a run that was asked to do something else. */
export function requireSameRun(saved: RunDescription, current: RunDescription, doneEpochs: number): void {
  for (const key of Object.keys(current) as (keyof RunDescription)[]) {
    const [before, now] = [saved[key], current[key]]
    if (key === 'epochs') {
      if (current.epochs < doneEpochs) throw new CheckpointMismatchError(key, `${doneEpochs} epochs done`, now)
    } else if (JSON.stringify(before) !== JSON.stringify(now)) {
      throw new CheckpointMismatchError(key, before, now)
    }
  }
}

/**
 * Says what a model is made of: the configuration of its layers, with their order in place of their names, which tfjs counts up in each process. Seeds of
 * Bayesian layers are left out: they say where weights start, which a checkpoint has, and layers that were given none make one up.
 *
 * @returns JSON text: equal for models of the same layers
 */
export function describeModel(model: tf.LayersModel): string {
  const places = new Map<string, string>()
  const visit = (layers: readonly tf.layers.Layer[]): void => {
    for (const layer of layers) {
      if (!places.has(layer.name)) places.set(layer.name, `#${places.size}`)
      const inner = (layer as { layers?: readonly tf.layers.Layer[] }).layers
      if (inner) visit(inner)
    }
  }
  places.set(model.name, '#')
  visit(model.layers)
  const config = JSON.stringify(model.getConfig(), (_, value: unknown) => {
    if (typeof value === 'string') return places.get(value) ?? value
    if (typeof value !== 'object' || value === null || !('estimator' in value && 'seed' in value)) return value
    const { seed: _seed, ...rest } = value
    return rest
  })
  return JSON.stringify({
    config: JSON.parse(config) as unknown,
    weights: model.weights.map(({ shape, dtype }) => [shape, dtype]),
  })
}
