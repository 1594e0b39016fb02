/** The predictive distribution of a classifier, row by row; logarithms are natural. */
export interface CategoricalPrediction {
  readonly rows: number
  readonly classes: number
  /** Mean of the draws' probabilities, [rows, classes]. */
  readonly probabilities: Float32Array
  /** Entropy of `probabilities` in nats, [rows]: all uncertainty. */
  readonly entropy: Float32Array
  /** Mean of the draws' entropies in nats, [rows]: what noise in the data leaves (aleatoric). Missing in mode 'mean'. */
  readonly expectedEntropy?: Float32Array
  /** entropy - expectedEntropy in nats, [rows]: what more data could teach (epistemic). Missing in mode 'mean'. */
  readonly mutualInformation?: Float32Array
}

/** The predictive distribution of a regression, row by row. */
export interface GaussianPrediction {
  readonly rows: number
  readonly units: number
  /** [rows, units] */
  readonly mean: Float32Array
  /** Variance of the observation noise, [rows, units]. */
  readonly aleatoricVariance: Float32Array
  /** Variance of the draws, [rows, units]. Missing in mode 'mean'. */
  readonly epistemicVariance?: Float32Array
}

/** Which prediction a likelihood gives. */
export interface Predictions {
  readonly categorical: CategoricalPrediction
  readonly gaussian: GaussianPrediction
}

/**
 * Puts the graph's outputs into a prediction.
 *
 * @param likelihood the file's likelihood
 * @param outputs by their names in the graph
 * @param rows number of rows
 * @param units classes, or output units
 */
export function toPrediction<Name extends keyof Predictions>(
  likelihood: Name,
  outputs: Readonly<Record<string, Float32Array>>,
  rows: number,
  units: number,
): Predictions[Name] {
  const make: { readonly [Key in keyof Predictions]: () => Predictions[Key] } = {
    categorical: () => ({
      rows,
      classes: units,
      probabilities: outputs['probabilities']!,
      entropy: outputs['entropy']!,
      ...(outputs['expected_entropy'] == null ? {} : { expectedEntropy: outputs['expected_entropy'] }),
      ...(outputs['mutual_information'] == null ? {} : { mutualInformation: outputs['mutual_information'] }),
    }),
    gaussian: () => ({
      rows,
      units,
      mean: outputs['mean']!,
      aleatoricVariance: outputs['aleatoric_variance']!,
      ...(outputs['epistemic_variance'] == null ? {} : { epistemicVariance: outputs['epistemic_variance'] }),
    }),
  }
  return make[likelihood]()
}
