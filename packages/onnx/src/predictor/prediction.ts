import { OUTPUTS, type OutputName, type PredictionName } from '../predictive/outputs.ts'

/** What a file can say of the classes of a row; logarithms are natural. */
export interface CategoricalOutputs {
  /** Mean of the draws' probabilities, [rows, classes]. */
  readonly probabilities: Float32Array
  /** Entropy of `probabilities` in nats, [rows]: all uncertainty. */
  readonly entropy: Float32Array
  /** Mean of the draws' entropies in nats, [rows]: what noise in the data leaves (aleatoric). Not in mode 'mean'. */
  readonly expectedEntropy: Float32Array
  /** entropy - expectedEntropy in nats, [rows]: what more data could teach (epistemic). Not in mode 'mean'. */
  readonly mutualInformation: Float32Array
  /** Variance of the draws' probabilities (divided by their number), [rows, classes]. Not in mode 'mean'. */
  readonly variance: Float32Array
  /** The draws' probabilities, [rows, samples, classes]. Not in the modes 'mean' and 'moments'. */
  readonly samples: Float32Array
}

/** What a file can say of the numbers of a row. */
export interface GaussianOutputs {
  /** [rows, units] */
  readonly mean: Float32Array
  /** Mean variance of the observation noise, [rows, units]. */
  readonly aleatoricVariance: Float32Array
  /** Variance of the draws' means (divided by their number), [rows, units]. Not in mode 'mean'. */
  readonly epistemicVariance: Float32Array
  /** Quantiles of the predictive distribution, [rows, units, quantiles]; `levels` says which. */
  readonly quantiles: Float32Array
  /** The draws' means, [rows, samples, units]. Not in the modes 'mean' and 'moments'. */
  readonly samples: Float32Array
}

interface Outputs {
  readonly categorical: CategoricalOutputs
  readonly gaussian: GaussianOutputs
}

interface Sizes {
  readonly categorical: { readonly rows: number; readonly classes: number }
  readonly gaussian: {
    readonly rows: number
    readonly units: number
    /** Which quantiles the file answers with. */
    readonly levels?: readonly number[]
  }
}

/** Outputs that every file has for which nothing else was asked. */
export interface UsualOutputs {
  readonly categorical: 'probabilities' | 'entropy'
  readonly gaussian: 'mean' | 'aleatoricVariance'
}
export const USUAL_OUTPUTS: { readonly [Name in PredictionName]: readonly UsualOutputs[Name][] } = {
  categorical: ['probabilities', 'entropy'],
  gaussian: ['mean', 'aleatoricVariance'],
}

/**
 * The predictive distribution, row by row: `Output` is there for certain, other outputs where the file has them.
 */
export type Prediction<
  Name extends PredictionName,
  Output extends OutputName<Name> = UsualOutputs[Name] & OutputName<Name>,
> = Sizes[Name] & Pick<Outputs[Name], Output & keyof Outputs[Name]> & Partial<Outputs[Name]>

/** The predictive distribution of a classifier. */
export type CategoricalPrediction = Prediction<'categorical'>
/** The predictive distribution of a regression. */
export type GaussianPrediction = Prediction<'gaussian'>

/** Which prediction a predictor gives where no outputs were asked for. */
export interface Predictions {
  readonly categorical: CategoricalPrediction
  readonly gaussian: GaussianPrediction
}

/** The sizes that stand beside the outputs. */
export interface PredictionSizes {
  readonly rows: number
  readonly units: number
  readonly levels: readonly number[] | undefined
}

/**
 * Puts the graph's outputs into a prediction.
 *
 * @param name what the file predicts
 * @param outputs by their names in the graph; those that the caller counts on are among them
 */
export function toPrediction<Name extends PredictionName, Output extends OutputName<Name>>(
  name: Name,
  outputs: Readonly<Record<string, Float32Array>>,
  { rows, units, levels }: PredictionSizes,
): Prediction<Name, Output> {
  const found = Object.entries(OUTPUTS[name]).flatMap(([key, graphName]) => {
    const values = outputs[graphName as string]
    return values == null ? [] : [[key, values] as const]
  })
  const sizes = name === 'categorical' ? { rows, classes: units } : { rows, units, ...(levels == null ? {} : { levels }) }
  return { ...sizes, ...Object.fromEntries(found) } as unknown as Prediction<Name, Output>
}
