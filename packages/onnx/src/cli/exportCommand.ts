import { InvalidOptionError } from '../errors.ts'
import { exportLayersModelToFile } from '../exportLayersModelToFile.ts'
import { exportModelToFile } from '../exportModelToFile.ts'
import type { ExportOptions } from '../exportOptions.ts'
import type { GraphOptions } from '../graphOptions.ts'
import type { FileOptions } from '../modelFile.ts'
import type { Likelihood } from '../predictive/likelihood.ts'
import { choiceOption, commandArguments, numberOption, type OptionTexts } from './arguments.ts'
import type { Command } from './command.ts'
import { loadModelFile } from './loadModelFile.ts'

/** The mode for any model as it is: what `model.predict` does, several inputs and outputs too, without a predictive distribution. */
const AS_IT_IS = 'layers'

/** What belongs to the predictive distribution, which a model as it is does not have. */
const PREDICTIVE_OPTIONS: OptionTexts = {
  noise: 'for localReparameterization: input, graph (default) or baked',
  samples: "number of draws, or 'input'",
  draws: 'stored draws: stratified (default), latinHypercube, momentMatched, antithetic or independent',
  seed: 'which stored draws, default 0; which noise in the graph, by default the choice of the engine',
  likelihood: 'categorical (default), gaussian or heteroscedasticGaussian',
  sigma: "the gaussian likelihood's standard deviation",
  outputs: 'what the file answers with, separated by commas, e.g. probabilities,entropy',
  quantiles: 'which quantiles, separated by commas, where outputs names them',
}

const OPTIONS: OptionTexts = {
  mode: `mean, localReparameterization (default), weightSampling or moments; ${AS_IT_IS}: any model as it is, its answers without a predictive distribution`,
  ...PREDICTIVE_OPTIONS,
  precision: 'float32 (default) or float16',
  opset: '17 (default) to 20',
  cuda: 'required (default) or optional',
  'fold-batch-normalization': 'yes: into the weights of the layer before it',
  'fold-constants': 'yes: compute now what depends on stored numbers only',
  'external-data': 'yes: weights into a second file beside the model',
  output: 'file to write (-o)',
}

/** `export model.json -o model.onnx`: a saved tfjs model as an ONNX file. */
export const exportCommand: Command = {
  usage: 'export MODEL.json -o MODEL.onnx',
  purpose: 'write a tfjs layers model, saved with model.save, as an ONNX file',
  options: OPTIONS,
  run: async (args, print) => {
    const { path, options } = commandArguments(args, OPTIONS)
    const { output } = options
    if (output == null) throw new InvalidOptionError('No file to write was named. Give -o MODEL.onnx.')
    const isAsItIs = options['mode'] === AS_IT_IS
    if (isAsItIs) refusePredictiveOptions(options)
    const written = writingOptions(options)
    const model = await loadModelFile(path)
    try {
      const bytes = isAsItIs
        ? await exportLayersModelToFile(model, output, written)
        : await exportModelToFile(model, output, { ...predictiveOptions(options), ...written })
      print(`${output}: ${bytes.toLocaleString('en')} bytes`)
    } finally {
      model.dispose()
    }
    return 0
  },
}

type Options = Readonly<Record<string, string | undefined>>

function refusePredictiveOptions(options: Options): void {
  const given = Object.keys(PREDICTIVE_OPTIONS).filter((name) => options[name] != null)
  if (given.length === 0) return
  throw new InvalidOptionError(
    `--mode ${AS_IT_IS} writes the model as it is, without a predictive distribution, and has no ${given.map((name) => `--${name}`).join(', ')}. Leave that out, or give another mode.`,
  )
}

/** Only puts the words into their places: `exportModel` checks what they say. */
function predictiveOptions({
  mode = 'localReparameterization',
  noise = 'graph',
  samples,
  draws,
  seed,
  likelihood,
  sigma,
  outputs,
  quantiles,
}: Options): ExportOptions {
  return withoutUndefined({
    mode,
    noise: mode === 'localReparameterization' ? noise : undefined,
    samples: samples === 'input' ? samples : parsed(numberOption, 'samples', samples),
    draws,
    seed: parsed(numberOption, 'seed', seed),
    likelihood:
      likelihood == null
        ? undefined
        : ({ name: likelihood, ...(sigma == null ? {} : { sigma: numberOption('sigma', sigma) }) } as Likelihood),
    outputs: outputs?.split(','),
    quantiles: quantiles?.split(',').map((text) => numberOption('quantiles', text)),
  }) as ExportOptions
}

/** How the file is written, in every mode. */
function writingOptions(options: Options): GraphOptions & FileOptions {
  return withoutUndefined({
    precision: options['precision'],
    opset: parsed(numberOption, 'opset', options['opset']),
    cuda: options['cuda'],
    foldBatchNormalization: parsed(choiceOption, 'fold-batch-normalization', options['fold-batch-normalization']),
    foldConstants: parsed(choiceOption, 'fold-constants', options['fold-constants']),
    externalData: parsed(choiceOption, 'external-data', options['external-data']),
  }) as GraphOptions & FileOptions
}

function parsed<Value>(parse: (name: string, text: string) => Value, name: string, text: string | undefined): Value | undefined {
  return text == null ? undefined : parse(name, text)
}

function withoutUndefined(given: Readonly<Record<string, unknown>>): unknown {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
}
