import { ForeignModelError } from './errors.ts'
import { LIKELIHOODS, type Likelihood } from './predictive/likelihood.ts'

/** What an exported file says about itself. */
export interface ModelMetadata {
  readonly mode: 'mean' | 'localReparameterization' | 'weightSampling' | 'moments'
  /** Where the noise comes from; 'none' where the draws are not of pre-activations. */
  readonly noise: 'none' | 'input' | 'graph' | 'baked'
  /** A number, 'input' (the graph's input of that name), or 'noise': as many as the noise that is fed. */
  readonly samples: number | 'input' | 'noise'
  readonly likelihood: Likelihood
  /** Classes of a classifier, output units of a regression: size of the last axis of `probabilities` or `mean`. */
  readonly units: number
  /** Which quantiles the file answers with; undefined where it has none. */
  readonly quantiles?: readonly number[]
}

const PREFIX = 'tfjs_bayes.'
const FORMAT_VERSION = '1'

/** The metadata as the file's key-value pairs. */
export function writeMetadata(metadata: ModelMetadata): Readonly<Record<string, string>> {
  const { likelihood, ...rest } = metadata
  const entries = { format_version: FORMAT_VERSION, ...rest, likelihood: likelihood.name }
  const all = likelihood.name === 'gaussian' ? { ...entries, sigma: likelihood.sigma } : entries
  return Object.fromEntries(Object.entries(all).map(([key, value]) => [PREFIX + key, String(value)]))
}

/** Whether a file is of `exportModel`, in whatever version, and not a model as it is. */
export function hasMetadata(entries: Readonly<Record<string, string>>): boolean {
  return Object.hasOwn(entries, `${PREFIX}format_version`)
}

/**
 * Reads the metadata of a file.
 *
 * @param entries the file's key-value pairs
 * @returns what `writeMetadata` wrote
 * @throws ForeignModelError where the file is of another program or of another format version
 */
export function readMetadata(entries: Readonly<Record<string, string>>): ModelMetadata {
  const get = (key: string): string | undefined => entries[PREFIX + key]
  const version = get('format_version')
  if (version == null) {
    throw new ForeignModelError(
      'This ONNX file was not written by @tfjs-bayes/onnx: it has no tfjs_bayes.format_version. Export the model with exportModel, or run the file as it is with loadModel.',
    )
  }
  if (version !== FORMAT_VERSION) {
    throw new ForeignModelError(
      `This ONNX file has the format version ${version}; this version of @tfjs-bayes/onnx reads ${FORMAT_VERSION}. Export the model again with it, or use the version that wrote the file.`,
    )
  }
  const mode = oneOf(get('mode'), 'mode', ['mean', 'localReparameterization', 'weightSampling', 'moments'])
  const noise = oneOf(get('noise'), 'noise', ['none', 'input', 'graph', 'baked'])
  const samples = get('samples')
  const likelihood = oneOf(get('likelihood'), 'likelihood', LIKELIHOODS)
  const quantiles = get('quantiles')
  return {
    mode,
    noise,
    samples: samples === 'input' || samples === 'noise' ? samples : positiveInteger(samples, 'samples'),
    likelihood:
      likelihood === 'gaussian' ? { name: likelihood, sigma: positiveNumber(get('sigma'), 'sigma') } : { name: likelihood },
    units: positiveInteger(get('units'), 'units'),
    ...(quantiles == null ? {} : { quantiles: quantiles.split(',').map((text) => positiveNumber(text, 'quantiles')) }),
  }
}

function oneOf<T extends string>(value: string | undefined, key: string, choices: readonly T[]): T {
  const found = choices.find((choice) => choice === value)
  if (found == null) throw foreign(key, value, choices.join(', '))
  return found
}

function positiveInteger(value: string | undefined, key: string): number {
  if (value == null || !/^[1-9]\d{0,14}$/.test(value)) throw foreign(key, value, 'a positive integer')
  return Number(value)
}

function positiveNumber(value: string | undefined, key: string): number {
  if (value == null || value.trim() === '' || !(Number(value) > 0)) throw foreign(key, value, 'a positive number')
  return Number(value)
}

function foreign(key: string, value: string | undefined, expected: string): ForeignModelError {
  return new ForeignModelError(
    `The ONNX file's metadata ${PREFIX}${key} is ${JSON.stringify(value)}; expected ${expected}. It was altered: export the model again.`,
  )
}
