import type { GradientEstimator } from '@tfjs-bayes/training'
import { scientific } from '../../format.ts'
import type { Figure } from '../../report/figure.ts'
import { seriesColor } from '../../report/palette.ts'
import type { ExperimentReport, FinishedPart } from '../framework/experiment.ts'
import { lineChart } from '../shared/lineChart.ts'
import { spreadOf } from '../shared/spread.ts'
import type { NoiseConfiguration, NoiseResult, NoiseSettings } from './parts.ts'

type Parts = readonly FinishedPart<NoiseConfiguration, NoiseResult>[]
type Parameter = 'mu' | 'rho'

const ESTIMATORS: readonly { readonly name: GradientEstimator; readonly title: string }[] = [
  { name: 'weightSampling', title: 'Weight sampling, one draw a batch' },
  { name: 'weightSamplingPerExample', title: 'Weight sampling, one draw an example' },
  { name: 'flipout', title: 'Flipout' },
  { name: 'localReparameterization', title: 'Local reparameterization' },
]
const SYMBOLS: Readonly<Record<Parameter, string>> = { mu: 'μ', rho: 'ρ' }

/** PyTorch 2.13 at batches of 128, 784-400-400-10 after 5 epochs, one seed: variance of weight sampling over that of the local trick. */
const PYTORCH = { batchSize: 128, bottom: { mu: 2.41, rho: 177 }, top: { mu: 2.14, rho: 103 } } as const

export function gradientNoiseReport(parts: Parts, { batchSizes, draws }: NoiseSettings): ExperimentReport {
  const layers = parts[0]!.result.readings[0]!.layers.map((_, i) => i)
  const mean = (estimator: GradientEstimator, batchSize: number, layer: number, parameter: Parameter): number =>
    spreadOf(
      parts.map(
        ({ result }) =>
          result.readings.find((each) => each.estimator === estimator && each.batchSize === batchSize)!.layers[layer]![parameter],
      ),
    ).mean
  const ratio = (estimator: GradientEstimator, size: number, layer: number, parameter: Parameter): number =>
    mean(estimator, size, layer, parameter) / mean('localReparameterization', size, layer, parameter)
  const places = layers.flatMap((layer) => (['mu', 'rho'] as const).map((parameter) => ({ layer, parameter })))
  const label = (layer: number, parameter: Parameter): string => `layer ${layer + 1}, ${SYMBOLS[parameter]}`
  const largest = batchSizes.at(-1)!
  const bottom = (parameter: Parameter): string => ratio('weightSampling', largest, 0, parameter).toPrecision(2)
  return {
    lead:
      `At batches of ${largest}, one weight draw for the batch has ${bottom('mu')} times the variance of the local reparameterization trick in the means of the first layer, ` +
      `and ${Number(bottom('rho')).toLocaleString('en-US')} times in ρ.`,
    remarks: [
      `From batches of ${batchSizes[0]} to ${largest}, the variance in ρ of the first layer falls ${fall('weightSampling')} times with one weight draw a batch and ${fall('localReparameterization')} times with the local trick.`,
      `Flipout parts the rows in what is odd in the noise, but ε² is the same for all of them: at batches of ${largest} it has ${plain(ratio('flipout', largest, 0, 'mu'))} times the local trick's variance in μ of the first layer, and ${plain(ratio('flipout', largest, 0, 'rho'))} times in ρ.`,
      `Even with a draw of its own for every example, weight sampling has ${plain(ratio('weightSamplingPerExample', largest, 0, 'rho'))} times the local trick's variance in ρ of the first layer: pre-activations need less noise than weights.`,
    ],
    tables: [
      {
        title: 'Variance of the gradient',
        note: `Of the loss in nats per example, per parameter, averaged over the kernel of a layer; over ${draws} draws of the noise on fixed minibatches, which are the same for all.`,
        table: {
          columns: [
            { heading: 'estimator' },
            { heading: 'batch', numeric: true },
            ...places.map(({ layer, parameter }) => ({ heading: label(layer, parameter), numeric: true })),
          ],
          rows: ESTIMATORS.flatMap(({ name, title }) =>
            batchSizes.map((size) => [
              title,
              String(size),
              ...places.map(({ layer, parameter }) => scientific(mean(name, size, layer, parameter))),
            ]),
          ),
        },
      },
      {
        title: 'In multiples of the local reparameterization trick',
        note: `PyTorch 2.13 on the same network (784-400-400-10, after 5 epochs, batches of ${PYTORCH.batchSize}, inputs in [0, 1]): weight sampling over local trick ${PYTORCH.bottom.mu} (μ) and ${PYTORCH.bottom.rho} (ρ) in the bottom layer, ${PYTORCH.top.mu} and ${PYTORCH.top.rho} in the top.`,
        table: {
          columns: [
            { heading: 'estimator' },
            { heading: 'batch', numeric: true },
            ...places.map(({ layer, parameter }) => ({ heading: label(layer, parameter), numeric: true })),
          ],
          rows: ESTIMATORS.slice(0, 3).flatMap(({ name, title }) =>
            batchSizes.map((size) => [
              title,
              String(size),
              ...places.map(({ layer, parameter }) => plain(ratio(name, size, layer, parameter))),
            ]),
          ),
        },
      },
    ],
    figures: [
      {
        title: 'Against the batch size',
        note: 'Both axes are logarithmic: a line that falls as 1 / M goes down one decade a decade.',
        figures: places.filter(({ layer }) => layer === 0 || layer === layers.length - 1).map(chart),
      },
    ],
  }

  function fall(estimator: GradientEstimator): string {
    return plain(mean(estimator, batchSizes[0]!, 0, 'rho') / mean(estimator, largest, 0, 'rho'))
  }

  function chart({ layer, parameter }: { layer: number; parameter: Parameter }): Figure {
    return lineChart({
      name: `gradient-noise-layer-${layer + 1}-${parameter}`,
      caption: `Variance of the gradient in ${SYMBOLS[parameter]} of layer ${layer + 1}, per parameter.`,
      x: { label: 'rows of the batch', scale: 'log', ticks: batchSizes },
      y: { label: 'variance', scale: 'log' },
      width: 400,
      height: 300,
      lines: ESTIMATORS.map(({ name, title }, i) => ({
        label: title,
        color: seriesColor(i),
        ...(name === 'weightSamplingPerExample' ? { dash: '4,3' } : {}),
        points: batchSizes.map((size) => ({ x: size, y: mean(name, size, layer, parameter) })),
      })),
    })
  }
}

const plain = (value: number): string => (value >= 100 ? Math.round(value).toLocaleString('en-US') : value.toPrecision(2))
