import * as tf from '@tensorflow/tfjs'
import type { Distribution, Normal } from '@tfjs-bayes/distributions'
import { InvalidOptionError } from './errors.ts'
import { weightKl } from './kl/klMethods.ts'
import type { VariationalLayer } from './layers/variationalLayer.ts'
import { posteriorOf } from './layers/variationalWeight.ts'
import { variationalLayers } from './variationalLayers.ts'

/** Five quantiles of a layer's weights. */
export interface Quantiles {
  readonly q05: number
  readonly q25: number
  readonly median: number
  readonly q75: number
  readonly q95: number
}

/** What a layer's posterior looks like, all weights that have one together. */
export interface LayerSummary {
  readonly layer: string
  /** Number of weights, each with mu and rho. */
  readonly weights: number
  readonly sigma: Quantiles
  /** |mu| / sigma: a weight below 1 is hardly told from 0. */
  readonly signalToNoise: Quantiles
  /** KL(posterior || prior) in nats, summed over the weights: on the layer's own road, and computed where that is an estimate on draws. */
  readonly kl: number
  /** Share of the weights whose own KL is below the threshold: the data said little about them. */
  readonly priorShare: number
}

/** What a model's posterior looks like. */
export interface PosteriorSummary {
  readonly layers: readonly LayerSummary[]
  readonly weights: number
  /** Sum over the layers in nats. */
  readonly kl: number
  /** Nats below which a weight counts as at the prior. */
  readonly threshold: number
}

/**
 * Looks at the posterior of every variational layer of a model.
 *
 * @param model any model of tfjs
 * @param options.threshold nats below which a weight counts as at the prior, > 0; default 0.01
 * @returns plain data; {@link formatPosteriorSummary} prints it
 * @throws InvalidOptionError
 */
export async function posteriorSummary(
  model: tf.LayersModel,
  { threshold = 0.01 }: { readonly threshold?: number } = {},
): Promise<PosteriorSummary> {
  if (!(threshold > 0 && Number.isFinite(threshold))) {
    throw new InvalidOptionError('posteriorSummary', 'threshold', threshold, 'a finite number of nats > 0')
  }
  const layers: LayerSummary[] = []
  for (const layer of variationalLayers(model)) layers.push(await summarize(layer, threshold))
  return {
    layers,
    weights: layers.reduce((sum, layer) => sum + layer.weights, 0),
    kl: layers.reduce((sum, layer) => sum + layer.kl, 0),
    threshold,
  }
}

/** The summary as a table of fixed-width text. */
export function formatPosteriorSummary({ layers, weights, kl, threshold }: PosteriorSummary): string {
  const number = (value: number): string => value.toPrecision(3)
  const share = (value: number): string => `${(100 * value).toFixed(1)} %`
  const range = ({ q05, median, q95 }: Quantiles): string => [q05, median, q95].map(number).join(' ')
  const rows = [
    ['layer', 'weights', 'KL (nats)', 'KL per weight', 'sigma 5 50 95 %', '|mu|/sigma 5 50 95 %', `KL < ${threshold}`],
    ...layers.map((each) => [
      each.layer,
      String(each.weights),
      number(each.kl),
      number(each.kl / each.weights),
      range(each.sigma),
      range(each.signalToNoise),
      share(each.priorShare),
    ]),
    ['total', String(weights), number(kl), number(kl / weights), '', '', ''],
  ]
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!)))
      .join('  ')
      .trimEnd()
  return rows.map(line).join('\n')
}

async function summarize(layer: VariationalLayer, threshold: number): Promise<LayerSummary> {
  const { mu, sigma, kl } = await readPosterior(layer)
  const ratio = mu.map((value, i) => Math.abs(value) / sigma[i]!)
  return {
    layer: layer.name,
    weights: mu.length,
    sigma: quantiles(sigma),
    signalToNoise: quantiles(ratio),
    kl: kl.reduce((sum, value) => sum + value, 0),
    priorShare: kl.filter((value) => value < threshold).length / kl.length,
  }
}

async function readPosterior(layer: VariationalLayer): Promise<{ mu: Float32Array; sigma: Float32Array; kl: Float64Array }> {
  const [mu, sigma, kl] = tf.tidy(() => {
    const uncertain = layer.weightTensors.filter(({ rho }) => rho !== undefined)
    const posteriors = uncertain.map((weight) => ({ posterior: posteriorOf(weight), prior: layer.priorOf(weight) }))
    const flat = (of: (each: { posterior: Normal; prior: Distribution }) => tf.Tensor): tf.Tensor =>
      tf.concat(posteriors.map((each) => of(each).flatten()))
    return [
      flat(({ posterior }) => posterior.mu as tf.Tensor),
      flat(({ posterior }) => posterior.sigma as tf.Tensor),
      flat((each) => weightKl(layer.klMethod, each)),
    ]
  })
  try {
    return {
      mu: (await mu!.data()) as Float32Array,
      sigma: (await sigma!.data()) as Float32Array,
      kl: Float64Array.from(await kl!.data()),
    }
  } finally {
    tf.dispose([mu!, sigma!, kl!])
  }
}

function quantiles(values: Float32Array): Quantiles {
  const sorted = values.slice().sort()
  const at = (p: number): number => {
    const position = p * (sorted.length - 1)
    const below = Math.floor(position)
    const above = Math.min(below + 1, sorted.length - 1)
    return sorted[below]! + (position - below) * (sorted[above]! - sorted[below]!)
  }
  return { q05: at(0.05), q25: at(0.25), median: at(0.5), q75: at(0.75), q95: at(0.95) }
}
