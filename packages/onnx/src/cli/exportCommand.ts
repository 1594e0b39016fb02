import { InvalidOptionError } from '../errors.ts'
import { exportModelToFile } from '../exportModelToFile.ts'
import type { ExportOptions } from '../exportOptions.ts'
import type { Likelihood } from '../predictive/likelihood.ts'
import { commandArguments, numberOption, type OptionTexts } from './arguments.ts'
import type { Command } from './command.ts'
import { loadModelFile } from './loadModelFile.ts'

const OPTIONS: OptionTexts = {
  mode: 'mean, localReparameterization (default), weightSampling or moments',
  noise: 'for localReparameterization: input, graph (default) or baked',
  samples: "number of draws, or 'input'",
  draws: 'stored draws: stratified (default), latinHypercube, momentMatched, antithetic or independent',
  seed: 'which stored draws, default 0',
  likelihood: 'categorical (default), gaussian or heteroscedasticGaussian',
  sigma: "the gaussian likelihood's standard deviation",
  outputs: 'what the file answers with, separated by commas, e.g. probabilities,entropy',
  quantiles: 'which quantiles, separated by commas, where outputs names them',
  precision: 'float32 (default) or float16',
  opset: '17 (default) to 20',
  cuda: 'required (default) or optional',
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
    const model = await loadModelFile(path)
    try {
      const bytes = await exportModelToFile(model, output, exportOptions(options))
      print(`${output}: ${bytes.toLocaleString('en')} bytes`)
    } finally {
      model.dispose()
    }
    return 0
  },
}

/** Only puts the words into their places: `exportModel` checks what they say. */
function exportOptions(options: Readonly<Record<string, string | undefined>>): ExportOptions {
  const {
    mode = 'localReparameterization',
    noise = 'graph',
    samples,
    draws,
    seed,
    likelihood,
    sigma,
    outputs,
    quantiles,
    opset,
    precision,
    cuda,
  } = options
  const number = (name: string, text: string | undefined): number | undefined =>
    text == null ? undefined : numberOption(name, text)
  const given = {
    mode,
    noise: mode === 'localReparameterization' ? noise : undefined,
    samples: samples === 'input' ? samples : number('samples', samples),
    draws,
    seed: number('seed', seed),
    likelihood:
      likelihood == null
        ? undefined
        : ({ name: likelihood, ...(sigma == null ? {} : { sigma: number('sigma', sigma) }) } as Likelihood),
    outputs: outputs?.split(','),
    quantiles: quantiles?.split(',').map((text) => numberOption('quantiles', text)),
    opset: number('opset', opset),
    precision,
    cuda,
  }
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as unknown as ExportOptions
}
