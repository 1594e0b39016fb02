import * as tf from '@tensorflow/tfjs'
import { VariationalLayer } from '@tfjs-bayes/layers'
import { GraphInvariantError, InvalidModelError, InvalidWeightError } from '../errors.ts'
import type { Tape } from '../ir/tape.ts'
import type { Value } from '../ir/value.ts'
import { type LayerCall, type ModelPlan, planModel, type Slot } from '../plan/modelPlan.ts'
import { lowerActivation } from './activation.ts'
import { unloweredCall } from './checkLayers.ts'
import { configOf } from './layerConfig.ts'
import type { LeadingAxes, Lowering, LoweringCall } from './lowering.ts'
import { MaskFlow } from './masks.ts'
import { activationMoments } from './moments/activationMoments.ts'
import { type Stage, stagesOf } from './operators/operators.ts'
import type { PosteriorLowering } from './posterior/posteriorLowering.ts'
import { loweringOf } from './registry.ts'
import type { SamplesAxis } from './samplesAxis.ts'
import type { Signal } from './signal.ts'
import { WeightStore } from './weightStore.ts'

/** What lowering a model needs to know besides the model. */
export interface LoweringContext {
  readonly tape: Tape
  readonly samplesAxis: SamplesAxis
  /** What becomes of the Bayesian layers. */
  readonly posterior: PosteriorLowering
  /** Whether every node must have a CUDA kernel. */
  readonly needsCuda: boolean
}

/**
 * Writes the calls of a model onto a tape, one after the other.
 *
 * @param plan a model that `checkLayers` let pass
 * @param inputs the model's inputs in the graph
 * @returns the model's outputs
 * @throws InvalidWeightError where a weight is not finite
 */
export function lowerModel(plan: ModelPlan, inputs: readonly Value[], context: LoweringContext): readonly Signal[] {
  const lowered = inputs.map((value): Signal => ({ value, samples: 'none' }))
  return lowerCalls(plan, lowered, { ...context, weights: new WeightStore(context.tape) })
}

interface Context extends LoweringContext {
  readonly weights: WeightStore
}

function lowerCalls(plan: ModelPlan, inputs: readonly Signal[], context: Context): readonly Signal[] {
  const { tape } = context
  const signals = new Map<Slot, Signal>(plan.inputs.map(({ slot }, index) => [slot, inputs[index]!]))
  const flow = new MaskFlow()
  const masks = new Map<LayerCall, Signal>()
  for (const call of plan.calls) {
    const { layer } = call
    const lowering = layer instanceof VariationalLayer ? undefined : loweringOf(layer.getClassName())!
    const given = call.inputs.map((slot) => signals.get(slot)!)
    const callInputs = takesIndices(layer, lowering) ? given : numbersOf(given, lowering?.takesIntegers === true, tape)
    const { mask } = flow.follow(call, lowering, unloweredCall(call))
    const outputs = naming(call, () =>
      tape.scope(call.name, () => {
        if (layer instanceof VariationalLayer) return [lowerVariational(call, layer, callInputs[0]!, context)]
        const maskSignal = mask == null ? undefined : masks.get(mask)
        if (lowering!.makesMask?.(configOf(call)) === true) masks.set(call, lowerMaskOf(call, callInputs, lowering!, context))
        return lowerOrdinary(call, callInputs, maskSignal, lowering!, context)
      }),
    )
    naming(call, () => checkOutputs(call, outputs))
    call.outputs.forEach((slot, index) => {
      signals.set(slot, outputs[index]!)
    })
    if (lowering?.shapesAreWrong !== true) naming(call, () => checkShapes(call, outputs))
  }
  return plan.outputs.map((slot) => signals.get(slot)!)
}

/** Indices are no numbers to be rounded to float16. */
function takesIndices(layer: tf.layers.Layer, lowering: Lowering | undefined): boolean {
  return layer instanceof VariationalLayer ? layer.operator.takesIndices === true : lowering!.takesIndices === true
}

/** tfjs computes with integers as with the float numbers that they are, and so does a lowering that does not say otherwise. */
function numbersOf(signals: readonly Signal[], takesIntegers: boolean, tape: Tape): readonly Signal[] {
  const isFloat = ({ value }: Signal): boolean => value.type.elementType === 'float' || value.type.elementType === 'float16'
  if (takesIntegers && !signals.some(isFloat)) return signals
  return signals.map((signal) => {
    const { value } = signal
    return { ...signal, value: isFloat(signal) ? tape.cast(value) : tape.op('Cast', [value], { to: tape.isHalf ? 10n : 1n }) }
  })
}

function lowerVariational(
  call: LayerCall,
  layer: VariationalLayer,
  given: Signal,
  { tape, samplesAxis, weights, posterior }: Context,
): Signal {
  const stages = stagesOf(layer.operator.name)!
  const config = configOf(call)
  const moments = weights.posteriorOf(layer)
  const applyStage = (x: Signal, { operator, weight }: Stage, isLast: boolean): Signal =>
    posterior({
      input: x,
      moments: { kernel: moments.get(weight)!, bias: isLast ? moments.get('bias') : undefined },
      operator,
      store: (name, make) => weights.store(layer, weight === 'kernel' ? name : `${weight}_${name}`, make)!,
      apply: (input, kernel, bias) => {
        const [aligned] = align([input], operator.leadingAxes, samplesAxis)
        return { value: operator.apply(tape, config, aligned!.value, kernel, bias), samples: aligned!.samples }
      },
      applyDraws: (input, kernel, bias) => {
        const unfolded = samplesAxis.unfolded(input)
        const drawnCall = { tape, config, x: unfolded.value, drawn: unfolded.samples === 'axis', kernel, bias, samplesAxis }
        return { value: operator.applyDraws(drawnCall), samples: 'axis' }
      },
      tape,
      samplesAxis,
    })
  const {
    value,
    samples,
    variance,
    isPositive = false,
  } = stages.reduce((x, stage, index) => {
    const isLast = index === stages.length - 1
    return isLast ? applyStage(x, stage, true) : tape.scope(stage.weight, () => applyStage(x, stage, false))
  }, given)
  const activation = activationOf(config)
  if (variance == null) return { value: lowerActivation(tape, activation, value), samples }
  const activated = activationMoments(tape, activation, { mean: value, variance, isPositive })
  return { value: activated.mean, variance: activated.variance, samples }
}

/** An embedding has none. */
function activationOf(config: tf.serialization.ConfigDict): string {
  return (config['activation'] ?? 'linear') as string
}

function lowerOrdinary(
  call: LayerCall,
  given: readonly Signal[],
  mask: Signal | undefined,
  lowering: Lowering,
  context: Context,
): readonly Signal[] {
  const { tape, samplesAxis } = context
  const aligned = align(mask == null ? given : [...given, mask], lowering.leadingAxes, samplesAxis)
  const inputs = aligned.slice(0, given.length)
  const maskValue = aligned[given.length]?.value
  const loweringCall = loweringCallOf(call, inputs, context, maskValue)
  if (inputs.some(({ variance }) => variance != null)) {
    const variances = inputs.map(({ value, variance }) => variance ?? tape.op('Mul', [value, tape.scalar(0)], {}, 'certain'))
    const { mean, variance } = lowering.moments!({ ...loweringCall, variances })
    return [{ value: mean, variance, samples: 'none' }]
  }
  const samples = inputs.find((input) => input.samples !== 'none')?.samples ?? 'none'
  return several(lowering.lower(loweringCall)).map((value) => ({ value, samples }))
}

function lowerMaskOf(call: LayerCall, given: readonly Signal[], lowering: Lowering, context: Context): Signal {
  const inputs = align(given, lowering.leadingAxes, context.samplesAxis)
  return { value: lowering.lowerMask!(loweringCallOf(call, inputs, context)), samples: inputs[0]!.samples }
}

function loweringCallOf(call: LayerCall, inputs: readonly Signal[], context: Context, mask?: Value): LoweringCall {
  const { tape, weights, needsCuda } = context
  return {
    ...weights.weightsOf(call.layer),
    layer: call.layer,
    config: configOf(call),
    slots: call.inputs,
    inputs: inputs.map(({ value }) => value),
    tape,
    ...(mask == null ? {} : { mask }),
    needsCuda,
    weightsOf: (inner) => weights.weightsOf(inner),
    lowerInner: (inner, values) => lowerInner(inner, values, context),
  }
}

/** A layer, or a model, inside another layer, on [batch, ...]. */
function lowerInner(layer: tf.layers.Layer, values: readonly Value[], context: Context): readonly Value[] {
  const inputs = values.map((value): Signal => ({ value, samples: 'none' }))
  if (layer instanceof tf.LayersModel) return lowerCalls(planModel(layer), inputs, context).map(({ value }) => value)
  const slots = values.map(
    ({ shape }): Slot => ({
      shape: shape.map((size, axis) => (axis === 0 || typeof size === 'string' ? null : size)),
      dtype: 'float32',
    }),
  )
  const call: LayerCall = { layer, name: '', path: '', inputs: slots, outputs: [] }
  return several(loweringOf(layer.getClassName())!.lower(loweringCallOf(call, inputs, context)))
}

function several(result: Value | readonly Value[]): readonly Value[] {
  return Array.isArray(result) ? (result as readonly Value[]) : [result as Value]
}

function checkOutputs({ outputs: slots }: LayerCall, outputs: readonly Signal[]): void {
  if (outputs.length !== slots.length || outputs.some(({ value }) => value?.type == null))
    throw new GraphInvariantError([
      `the lowering gives ${outputs.filter(({ value }) => value?.type != null).length} values, and the layer has ${slots.length} outputs`,
    ])
}

/** tfjs knows the shape that each layer gives: a lowering that gives another one is wrong. */
function checkShapes({ outputs: slots }: LayerCall, outputs: readonly Signal[]): void {
  slots.forEach(({ shape: expected }, index) => {
    const { value, samples } = outputs[index]!
    const shape = samples === 'axis' ? value.shape.slice(1) : value.shape
    // The first axis is the batch, with or without the draws.
    const fits =
      shape.length === expected.length && expected.every((size, axis) => axis === 0 || size == null || size === shape[axis])
    if (!fits)
      throw new GraphInvariantError([`the lowering gives [${shape.join(', ')}], tfjs says [${expected.map(String).join(', ')}]`])
  })
}

/** Says which layer it was, where one needs to know more of the model, or its lowering breaks an invariant. */
function naming<T>({ layer }: LayerCall, work: () => T): T {
  try {
    return work()
  } catch (error) {
    const named = (text: string): string => `Layer "${layer.name}" (${layer.getClassName()}): ${text}`
    if (error instanceof InvalidModelError) throw new InvalidModelError(named(error.message))
    // A weight of a layer inside this one, whose own name tfjs made up.
    if (error instanceof InvalidWeightError && !error.message.startsWith(`Layer "${layer.name}"`))
      throw new InvalidWeightError(named(`in it, ${error.message}`))
    if (!(error instanceof GraphInvariantError)) throw error
    throw new GraphInvariantError(error.violations.map(named))
  }
}

/** Brings the inputs of a layer to the form, and to the one form, that it can take. */
function align(signals: readonly Signal[], leadingAxes: LeadingAxes, samplesAxis: SamplesAxis): readonly Signal[] {
  const forms = new Set(signals.map((signal) => signal.samples))
  if (forms.size === 1) return leadingAxes === 'batch' ? signals.map((signal) => samplesAxis.folded(signal)) : signals
  if (leadingAxes === 'broadcast') return signals.map((signal) => samplesAxis.unfolded(signal))
  const repeated = signals.map((signal) => samplesAxis.repeated(signal))
  return leadingAxes === 'batch' ? repeated.map((signal) => samplesAxis.folded(signal)) : repeated
}
