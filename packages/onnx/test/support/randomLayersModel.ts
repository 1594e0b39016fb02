import * as tf from '@tensorflow/tfjs'
import fc from 'fast-check'
import { normals, uniform } from './random.ts'
import { classNamesOf, type LayerSpec, layerForRank, layerOf, MERGES } from './randomLayer.ts'
import { randomizeWeights } from './randomModel.ts'

/** An input: its shape without the batch, `null` where the model leaves a size open; `vocabulary` for one that holds indices. */
export interface InputSpec {
  readonly sizes: readonly number[]
  readonly open: readonly boolean[]
  readonly vocabulary?: number
  readonly maskZero?: boolean
}

type ByRank = readonly LayerSpec[]

/** A piece of a random model. `ByRank`: the layer that is taken is the one for the rank that the tensor has. */
export type LayersBlock =
  | { readonly kind: 'layer'; readonly layers: ByRank }
  | { readonly kind: 'nested'; readonly layers: readonly ByRank[]; readonly sequential: boolean }
  | { readonly kind: 'shared'; readonly layers: ByRank; readonly merge: string }
  | { readonly kind: 'branches'; readonly left: ByRank; readonly right: ByRank; readonly merge: string }
  | { readonly kind: 'masking' }
  | {
      readonly kind: 'states'
      readonly className: 'LSTM' | 'GRU' | 'SimpleRNN'
      readonly units: number
      readonly goBackwards: boolean
    }
  | { readonly kind: 'dot'; readonly normalize: boolean }
  | { readonly kind: 'output' }

export interface LayersModelSpec {
  readonly inputs: readonly InputSpec[]
  readonly blocks: readonly LayersBlock[]
  readonly merge: string
  readonly seed: number
}

/** Models of all layers that have a lowering, put together in every way: several inputs and outputs, shared and nested parts, open sizes. */
export function layersModelSpec(): fc.Arbitrary<LayersModelSpec> {
  const byRank: fc.Arbitrary<ByRank> = fc.tuple(...[2, 3, 4, 5].map(layerForRank))
  const merge = fc.constantFrom(...MERGES.filter((name) => name !== 'Dot'))
  const block: fc.Arbitrary<LayersBlock> = fc.oneof(
    { weight: 8, arbitrary: fc.record({ kind: fc.constant('layer'), layers: byRank }) },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('nested'),
        layers: fc.array(byRank, { minLength: 1, maxLength: 2 }),
        sequential: fc.boolean(),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('shared'), layers: byRank, merge }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('branches'), left: byRank, right: byRank, merge }) },
    { weight: 1, arbitrary: fc.constant<LayersBlock>({ kind: 'masking' }) },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('states'),
        className: fc.constantFrom('LSTM', 'GRU', 'SimpleRNN'),
        units: fc.integer({ min: 1, max: 3 }),
        goBackwards: fc.boolean(),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('dot'), normalize: fc.boolean() }) },
    { weight: 1, arbitrary: fc.constant<LayersBlock>({ kind: 'output' }) },
  )
  return fc.record({
    inputs: fc.array(inputSpec(), { minLength: 1, maxLength: 2 }),
    blocks: fc.array(block, { minLength: 1, maxLength: 5 }),
    merge,
    seed: fc.nat(),
  })
}

/** An input of numbers with 1 to 4 axes behind the batch, or of indices. */
export function inputSpec(axes: fc.Arbitrary<number> = fc.integer({ min: 1, max: 4 })): fc.Arbitrary<InputSpec> {
  const ofNumbers: fc.Arbitrary<InputSpec> = axes.chain((count) =>
    fc.record({
      sizes: fc.array(fc.integer({ min: 2, max: count > 2 ? 5 : 6 }), { minLength: count, maxLength: count }),
      // The last axis is mostly channels, whose number layers must know.
      open: fc
        .array(fc.integer({ min: 0, max: 7 }), { minLength: count, maxLength: count })
        .map((draws) => draws.map((draw, axis) => draw === 0 && axis < count - 1)),
    }),
  )
  const ofIndices: fc.Arbitrary<InputSpec> = fc.record({
    sizes: fc.tuple(fc.integer({ min: 1, max: 6 })),
    open: fc.tuple(fc.boolean()),
    vocabulary: fc.integer({ min: 2, max: 9 }),
    maskZero: fc.boolean(),
  })
  return fc.oneof({ weight: 4, arbitrary: ofNumbers }, { weight: 1, arbitrary: ofIndices })
}

/** A model, and which classes of layers it has. */
export interface BuiltModel {
  readonly model: tf.LayersModel
  readonly classNames: ReadonlySet<string>
}

/** Builds a model with random weights; a layer that tfjs refuses to put there is left out. */
export function buildLayersModelOf({ inputs, blocks, merge, seed }: LayersModelSpec): BuiltModel {
  const classNames = new Set<string>()
  const symbols = inputs.map((input) => symbolOf(input))
  let x = inputs
    .map((input, index) => embedded(symbols[index]!, input, classNames))
    .reduce((left, right) => joined(left, right, merge, classNames))
  const outputs: tf.SymbolicTensor[] = []
  for (const block of blocks) {
    if (block.kind === 'output') outputs.push(x)
    else x = attempt(() => applyBlock(x, block, classNames), x)
  }
  // An input cannot be an output of a tfjs model; an output needs no second name.
  const all = [...new Set([...outputs, x])].filter((tensor) => !symbols.includes(tensor))
  if (all.length === 0) all.push(apply({ className: 'ReLU', args: {} }, [x], classNames))
  const model = tf.model({ inputs: symbols, outputs: all })
  randomizeWeights(model, seed)
  keepVariancesPositive(model)
  return { model, classNames }
}

/** A model of one layer on one input; undefined where tfjs refuses the layer. */
export function modelOfLayer(layer: LayerSpec, input: InputSpec, seed: number): BuiltModel | undefined {
  const classNames = new Set<string>()
  const symbol = symbolOf(input)
  const both = (): tf.SymbolicTensor[] => [symbol, apply({ className: 'Rescaling', args: { scale: -0.5 } }, [symbol], classNames)]
  const inputs = MERGES.includes(layer.className) ? both() : [symbol]
  const y = attempt<tf.SymbolicTensor | undefined>(() => apply(layer, inputs, classNames), undefined)
  return y == null ? undefined : finished(symbol, y, classNames, seed)
}

/** A recurrent layer behind a mask, of a Masking or of an Embedding with maskZero; undefined where tfjs refuses it. */
export function maskedModel(layer: LayerSpec, input: InputSpec, seed: number): BuiltModel | undefined {
  const classNames = new Set<string>()
  const symbol = symbolOf(input)
  const masked =
    input.vocabulary == null
      ? apply({ className: 'Masking', args: { maskValue: 0 } }, [symbol], classNames)
      : embedded(symbol, { ...input, maskZero: true }, classNames)
  const y = attempt<tf.SymbolicTensor | undefined>(() => apply(layer, [masked], classNames), undefined)
  return y == null ? undefined : finished(symbol, y, classNames, seed)
}

function finished(symbol: tf.SymbolicTensor, y: tf.SymbolicTensor, classNames: Set<string>, seed: number): BuiltModel {
  const model = tf.model({ inputs: symbol, outputs: y })
  randomizeWeights(model, seed)
  keepVariancesPositive(model)
  return { model, classNames }
}

/** Data for a model's inputs. */
export function inputsFor(inputs: readonly InputSpec[], rows: number, seed: number): tf.Tensor[] {
  return inputs.map(({ sizes, vocabulary }, index) => {
    const shape = [rows, ...sizes]
    const size = shape.reduce((total, length) => total * length, 1)
    const values = normals(size, seed + index)
    if (vocabulary == null) {
      // Whole rows of zeros, for masks.
      const next = uniform(seed + index)
      const last = sizes.at(-1)!
      for (let start = 0; start < size; start += last) if (next() < 0.15) values.fill(0, start, start + last)
      return tf.tensor(values, shape)
    }
    return tf.tensor(
      values.map((value) => Math.floor(Math.abs(value) * 3) % vocabulary),
      shape,
    )
  })
}

function symbolOf({ sizes, open }: InputSpec): tf.SymbolicTensor {
  return tf.input({ shape: sizes.map((size, axis) => (open[axis] ? null : size)) as number[] })
}

function embedded(symbol: tf.SymbolicTensor, { vocabulary, maskZero }: InputSpec, classNames: Set<string>): tf.SymbolicTensor {
  if (vocabulary == null) return symbol
  return apply({ className: 'Embedding', args: { inputDim: vocabulary, outputDim: 3, maskZero } }, [symbol], classNames)
}

function joined(left: tf.SymbolicTensor, right: tf.SymbolicTensor, merge: string, classNames: Set<string>): tf.SymbolicTensor {
  const flat = (x: tf.SymbolicTensor): tf.SymbolicTensor => {
    if (x.rank <= 2) return x
    const known = x.shape.slice(1).every((size) => size != null)
    if (known) return apply({ className: 'Flatten', args: {} }, [x], classNames)
    return x.rank === 3 ? apply({ className: 'GlobalMaxPooling1D', args: {} }, [x], classNames) : flat(pooled(x, classNames))
  }
  const both = [left, right].map((x) => apply({ className: 'Dense', args: { units: 4 } }, [flat(x)], classNames))
  return apply({ className: merge, args: {} }, both, classNames)
}

function pooled(x: tf.SymbolicTensor, classNames: Set<string>): tf.SymbolicTensor {
  if (x.rank === 4) return apply({ className: 'GlobalMaxPooling2D', args: {} }, [x], classNames)
  return apply({ className: 'TimeDistributed', args: { layer: { className: 'GlobalMaxPooling2D', args: {} } } }, [x], classNames)
}

function applyBlock(x: tf.SymbolicTensor, block: LayersBlock, classNames: Set<string>): tf.SymbolicTensor {
  const ofRank = (layers: ByRank): LayerSpec => layers[x.rank - 2]!
  switch (block.kind) {
    case 'layer':
      return apply(ofRank(block.layers), [x], classNames)
    case 'nested': {
      const inner = tf.input({ shape: x.shape.slice(1) })
      let y = inner
      for (const layers of block.layers) y = attempt(() => apply(layers[y.rank - 2]!, [y], classNames), y)
      if (y === inner) return x
      const nested = tf.model({ inputs: inner, outputs: y })
      classNames.add('Functional')
      return nested.apply(x) as tf.SymbolicTensor
    }
    case 'shared': {
      const layer = layerOf(ofRank(block.layers))
      const [first, second] = [layer.apply(x), layer.apply(apply({ className: 'ReLU', args: {} }, [x], classNames))]
      for (const name of classNamesOf(ofRank(block.layers))) classNames.add(name)
      return apply({ className: block.merge, args: {} }, [first as tf.SymbolicTensor, second as tf.SymbolicTensor], classNames)
    }
    case 'branches':
      return apply(
        { className: block.merge, args: {} },
        [apply(ofRank(block.left), [x], classNames), apply(ofRank(block.right), [x], classNames)],
        classNames,
      )
    case 'masking':
      return x.rank === 3 ? apply({ className: 'Masking', args: { maskValue: 0 } }, [x], classNames) : x
    case 'states': {
      // An encoder hands its states to a decoder.
      if (x.rank !== 3) return x
      const { className, units, goBackwards } = block
      const encoder = layerOf({ className, args: { units, returnState: true, returnSequences: true, goBackwards } })
      const [sequence, ...states] = encoder.apply(x) as tf.SymbolicTensor[]
      classNames.add(className)
      return apply({ className, args: { units, returnSequences: true } }, [sequence!, ...states], classNames)
    }
    case 'dot':
      if (x.rank !== 3 && x.rank !== 2) return x
      return apply({ className: 'Dot', args: { axes: x.rank === 3 ? 2 : 1, normalize: block.normalize } }, [x, x], classNames)
    case 'output':
      return x
  }
}

function apply(spec: LayerSpec, inputs: readonly tf.SymbolicTensor[], classNames: Set<string>): tf.SymbolicTensor {
  const y = layerOf(spec).apply(inputs.length === 1 ? inputs[0]! : [...inputs]) as tf.SymbolicTensor
  for (const name of classNamesOf(spec)) classNames.add(name)
  return y
}

/** tfjs throws where a layer does not fit a tensor, or makes one without elements. */
function attempt<T extends tf.SymbolicTensor | undefined>(build: () => T, otherwise: T): T {
  try {
    const y = build()
    return y?.shape.some((size, axis) => axis > 0 && size != null && size < 1) ? otherwise : y
  } catch {
    return otherwise
  }
}

function keepVariancesPositive(model: tf.LayersModel): void {
  for (const weight of model.weights.filter(({ originalName }) => originalName.endsWith('moving_variance'))) {
    const positive = tf.tidy(() => weight.read().abs().add(0.5))
    weight.write(positive)
    positive.dispose()
  }
}
