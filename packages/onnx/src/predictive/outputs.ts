import { InvalidOptionError } from '../errors.ts'
import type { Port } from '../ir/graph.ts'
import type { Likelihood } from './likelihood.ts'

/** What a file can answer with, by what its model predicts: each output's name in options and predictions, and its name in the graph. */
export const OUTPUTS = {
  categorical: {
    probabilities: 'probabilities',
    entropy: 'entropy',
    expectedEntropy: 'expected_entropy',
    mutualInformation: 'mutual_information',
    variance: 'variance',
    samples: 'draws',
  },
  gaussian: {
    mean: 'mean',
    aleatoricVariance: 'aleatoric_variance',
    epistemicVariance: 'epistemic_variance',
    quantiles: 'quantiles',
    samples: 'draws',
  },
} as const

/** What a predictor answers with: classes or numbers. */
export type PredictionName = keyof typeof OUTPUTS
/** The outputs of classes, or of numbers. */
export type OutputName<Name extends PredictionName = PredictionName> = Name extends PredictionName
  ? keyof (typeof OUTPUTS)[Name]
  : never

/** What a file answers with where nothing is said, as far as its mode has it. */
const DEFAULTS: { readonly [Name in PredictionName]: readonly OutputName<Name>[] } = {
  categorical: ['probabilities', 'entropy', 'expectedEntropy', 'mutualInformation'],
  gaussian: ['mean', 'aleatoricVariance', 'epistemicVariance'],
}

/** Which quantiles a file answers with where nothing is said: the median, and what 95 % lies between. */
export const DEFAULT_QUANTILES: readonly number[] = [0.025, 0.5, 0.975]

/** What a model of a likelihood predicts. */
export function predictionOf({ name }: Likelihood): PredictionName {
  return name === 'categorical' ? 'categorical' : 'gaussian'
}

/**
 * Checks the outputs that are asked for; which of them a mode has, `chosenPorts` knows.
 *
 * @throws InvalidOptionError naming the output
 */
export function checkOutputs(likelihood: Likelihood, outputs: unknown, quantiles: unknown): void {
  const known: readonly string[] = Object.keys(OUTPUTS[predictionOf(likelihood)])
  if (outputs != null) {
    if (!Array.isArray(outputs) || outputs.length === 0)
      throw new InvalidOptionError(`outputs is ${JSON.stringify(outputs)}. Expected a list of ${known.join(', ')}.`)
    outputs.forEach((output: unknown, index) => {
      if (!known.includes(output as string))
        throw new InvalidOptionError(
          `outputs[${index}] is ${JSON.stringify(output)}. A ${likelihood.name} likelihood has ${known.join(', ')}.`,
        )
      if (outputs.indexOf(output) !== index) throw new InvalidOptionError(`outputs has ${JSON.stringify(output)} twice.`)
    })
  }
  if (quantiles == null) return
  if (!Array.isArray(outputs) || !outputs.includes('quantiles'))
    throw new InvalidOptionError(
      "quantiles were given, but outputs does not have 'quantiles'. Name it there, with the other outputs that you want.",
    )
  const bad: unknown = Array.isArray(quantiles) ? quantiles.find((p: unknown) => !(typeof p === 'number' && p > 0 && p < 1)) : 0
  if (bad !== undefined || (quantiles as readonly unknown[]).length === 0)
    throw new InvalidOptionError(
      `quantiles is ${JSON.stringify(quantiles)}. Expected a list of numbers between 0 and 1, e.g. [0.05, 0.5, 0.95].`,
    )
}

/**
 * Chooses from what a graph has.
 *
 * @param ports all outputs that the model's mode can give
 * @param asked the user's list; undefined: the usual ones
 * @param mode to name in an error
 * @returns in the order in which they were asked for
 * @throws InvalidOptionError where the mode has no such output
 */
export function chosenPorts(
  ports: readonly Port[],
  likelihood: Likelihood,
  asked: readonly OutputName[] | undefined,
  mode: string,
): readonly Port[] {
  const prediction = predictionOf(likelihood)
  const names: Readonly<Record<string, string>> = OUTPUTS[prediction]
  const portOf = (output: string): Port | undefined => ports.find(({ name }) => name === names[output])
  if (asked == null) return DEFAULTS[prediction].flatMap((output) => portOf(output) ?? [])
  return asked.map((output) => {
    const port = portOf(output)
    if (port != null) return port
    const has = Object.keys(names).filter((other) => portOf(other) != null)
    throw new InvalidOptionError(`Mode '${mode}' has no output '${output}'; it has ${has.join(', ')}.`)
  })
}
