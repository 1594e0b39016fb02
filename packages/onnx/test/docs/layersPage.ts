import * as tf from '@tensorflow/tfjs'
import { impossibleReasonOf, loweringOf } from '../../src/lower/registry.ts'
import { SCHEMAS } from '../../src/ops/schemas.ts'

/** What the plan of a model takes apart before any layer is lowered. */
const STRUCTURE: Readonly<Record<string, string>> = {
  InputLayer: 'an input of the graph: float32, int32 or bool; the batch and other open sizes are symbols',
  Model: 'laid flat, with the names of its layers behind its own',
  Functional: 'laid flat, with the names of its layers behind its own',
  Sequential: 'laid flat, with the names of its layers behind its own',
}

/** Cells stand inside an RNN, and nowhere else. */
const CELLS = ['SimpleRNNCell', 'GRUCell', 'LSTMCell', 'StackedRNNCells', 'ConvLSTM2DCell']

/** A row of the table. */
export interface LayerRow {
  readonly className: string
  readonly status: 'lowered' | 'limit' | 'impossible' | undefined
  readonly detail: string
  readonly moments: boolean
}

/** Every class that tfjs has registered as a layer, in alphabetical order. */
export function layerClassNames(): readonly string[] {
  const { classNameMap } = tf.serialization.SerializationMap.getMap()
  return Object.entries(classNameMap)
    .filter(([, [layerClass]]) => layerClass.prototype instanceof tf.layers.Layer)
    .map(([name]) => name)
    .filter((name) => !name.startsWith('Variational'))
    .sort()
}

/** What becomes of a class; the status is undefined where the code knows nothing of it. */
export function rowOf(className: string): LayerRow {
  const structure = STRUCTURE[className]
  if (structure != null) return { className, status: 'lowered', detail: structure, moments: true }
  const impossible = impossibleReasonOf(className)
  if (impossible != null) return { className, status: 'impossible', detail: impossible, moments: false }
  const lowering = loweringOf(className)
  if (lowering == null) return { className, status: undefined, detail: '', moments: false }
  const detail = lowering.limits ?? (CELLS.includes(className) ? 'in an RNN' : '')
  return { className, status: lowering.limits == null ? 'lowered' : 'limit', detail, moments: lowering.moments != null }
}

/** The example of the page; a test runs it. */
export const EXAMPLE = `import * as tf from '@tensorflow/tfjs'
import { exportLayersModel, registerLowering } from '@tfjs-bayes/onnx'

class Clamp extends tf.layers.Layer {
  static className = 'Clamp'
  constructor(args) {
    super(args)
    this.limit = args.limit
  }
  getConfig() {
    return { ...super.getConfig(), limit: this.limit }
  }
  call(inputs) {
    return tf.clipByValue([inputs].flat()[0], -this.limit, this.limit)
  }
}

registerLowering('Clamp', {
  leadingAxes: 'broadcast', // it works element by element, so any axes may stand in front
  lower: ({ config, inputs, tape }) => tape.op('Clip', [inputs[0], tape.scalar(-config.limit), tape.scalar(config.limit)]),
})

const model = tf.sequential({
  layers: [tf.layers.dense({ units: 4, inputShape: [3] }), new Clamp({ limit: 0.5 })],
})
const bytes = exportLayersModel(model)`

/** The page docs/onnx-layers.md, from the code. */
export function layersPage(): string {
  const rows = layerClassNames().map(rowOf)
  const count = (status: LayerRow['status']): number => rows.filter((row) => row.status === status).length
  return [
    '# Layers of tfjs as ONNX',
    '',
    'Written by `npx vitest run test/docs -u` in packages/onnx from the code: do not edit.',
    '',
    `tfjs-layers ${tf.version['tfjs-layers']} has ${rows.length} classes of layers: ${count('lowered')} are written without a limit, ${count('limit')} with one, for ${count('impossible')} there is no graph. "moments": the layer may stand behind a Bayesian one in mode \`moments\`; in all other modes every layer may. Activations, as layers and as options: all of tfjs.`,
    '',
    '| class | | limit, or why not | moments |',
    '| --- | --- | --- | --- |',
    ...rows.map(
      ({ className, status, detail, moments }) =>
        `| ${className} | ${status ?? 'unknown'} | ${detail} | ${moments ? 'yes' : ''} |`,
    ),
    '',
    '## Open sizes',
    '',
    'The batch is the symbol `batch`, another size that the model leaves open is named after its input: `image_axis_1`; what layers make of it is written out, `windows(image_axis_1,3,2,same)`. Where two of them meet, in a merging layer or a product, the file does what tfjs does: it repeats an axis of one element, and fails on others that differ. A model whose shapes cannot fit, which tfjs builds where it has lost a size, is refused by the name of the layer. Needing known sizes: Flatten and Dense (tfjs itself asks for them), the layers whose limits say so, and padding `same` on open axes with a window of 3 or more where a stride of the layer is longer than its window.',
    '',
    '## Three dimensions',
    '',
    "TensorFlow, and tfjs on it, takes no negative padding in convolutions and averages; tfjs's other backends take it (4.22), and shift the windows. A file could be right for one of them only. `padding: 'valid'` says the same as TensorFlow's `same` there wherever no window is longer than its stride.",
    '',
    '## Masks',
    '',
    'Masking and Embedding with `maskZero` make masks. They go where tfjs hands them: through layers that support masking, to recurrent layers, which pass over masked steps. Where tfjs 4.22 hands a layer the mask of another one (it keeps the last mask for all layers that run later), or a merging layer makes a mask of several, the layer behind is refused by name.',
    '',
    '## Recurrent layers',
    '',
    "LSTM, GRU and SimpleRNN become ONNX's own operators where these compute the same: without a mask, with tanh, sigmoid, hardSigmoid, relu, softsign or softplus. ONNX Runtime's CUDA provider takes fewer: only tanh (and sigmoid for gates), and no GRU of tfjs, whose reset gate stands before the product. With `cuda: 'required'`, the default, such layers become a `Scan`, as do masks, stacked cells, cells of your own, other activations and ConvLSTM2D; `cuda: 'optional'` keeps the operator.",
    '',
    '## Layers of your own',
    '',
    "A lowering appends nodes to a tape; types and shapes are inferred, and held against those that tfjs infers. A weight is asked for by its name, `weight('kernel')`, and stored once however often the layer is called. A cell for `tf.layers.rnn` is taught in the same way: its inputs are `[x, ...states]`, its outputs `[output, ...states]`.",
    '',
    `The operators that a tape knows: ${Object.keys(SCHEMAS).sort().join(', ')}.`,
    '',
    '```js',
    EXAMPLE,
    '```',
  ].join('\n')
}
