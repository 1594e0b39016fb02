import type * as tf from '@tensorflow/tfjs'
import { VariationalLayer } from '@tfjs-bayes/layers'
import { GraphInvariantError, type UnsupportedLayer, UnsupportedLayerError } from '../errors.ts'
import type { Tape } from '../ir/tape.ts'
import type { Value } from '../ir/value.ts'
import type { LayerCall, ModelPlan, Slot } from '../plan/modelPlan.ts'
import { hasActivation, lowerActivation } from './activation.ts'
import { configOf } from './layerConfig.ts'
import type { LeadingAxes, LoweringCall } from './lowering.ts'
import { activationMoments, activationWithoutMoments } from './moments/activationMoments.ts'
import { type Stage, stagesOf } from './operators/operators.ts'
import type { PosteriorLowering } from './posterior/posteriorLowering.ts'
import { loweringOf } from './registry.ts'
import type { SamplesAxis } from './samplesAxis.ts'
import type { Signal } from './signal.ts'
import { type Moments, readPosterior, readWeight, type WeightData } from './weights.ts'

/**
 * Checks that every layer of a model can be written.
 *
 * @param plan the model's layer calls
 * @param uncertain whether means and variances are to be propagated
 * @throws UnsupportedLayerError listing every layer that cannot
 */
export function checkLayers(plan: ModelPlan, uncertain: boolean): void {
  const unsupported = new Map<tf.layers.Layer, UnsupportedLayer>()
  const uncertainSlots = new Set<Slot>()
  for (const call of plan.calls) {
    const behindBayesian = uncertain && call.inputs.some((slot) => uncertainSlots.has(slot))
    if (uncertain && (behindBayesian || call.layer instanceof VariationalLayer))
      for (const slot of call.outputs) uncertainSlots.add(slot)
    const reason = reasonAgainst(call) ?? (uncertain ? reasonAgainstMoments(call, behindBayesian) : undefined)
    if (reason !== undefined)
      unsupported.set(call.layer, { name: call.layer.name, className: call.layer.getClassName(), ...reason })
  }
  if (unsupported.size > 0) throw new UnsupportedLayerError([...unsupported.values()])
}

/**
 * Writes the calls of a model onto a tape, one after the other.
 *
 * @param plan a model that `checkLayers` let pass
 * @param inputs the model's inputs in the graph
 * @param posterior what becomes of the Bayesian layers
 * @returns the model's outputs
 * @throws InvalidWeightError where a weight is not finite
 */
export function lowerModel(
  plan: ModelPlan,
  inputs: readonly Value[],
  tape: Tape,
  samplesAxis: SamplesAxis,
  posterior: PosteriorLowering,
): readonly Signal[] {
  const signals = new Map<Slot, Signal>(plan.inputs.map(({ slot }, index) => [slot, { value: inputs[index]!, samples: 'none' }]))
  const weights = new WeightStore(tape)
  for (const call of plan.calls) {
    // Indices are no numbers to be rounded to float16.
    const given = call.inputs.map((slot) => signals.get(slot)!)
    const callInputs = takesIndices(call) ? given : given.map((signal) => ({ ...signal, value: tape.cast(signal.value) }))
    const outputs = naming(call, () =>
      tape.scope(call.name, () =>
        call.layer instanceof VariationalLayer
          ? [lowerVariational(call, call.layer, callInputs[0]!, tape, samplesAxis, weights, posterior)]
          : lowerOrdinary(call, callInputs, tape, samplesAxis, weights),
      ),
    )
    call.outputs.forEach((slot, index) => {
      signals.set(slot, outputs[index]!)
    })
    naming(call, () => checkShapes(call, outputs))
  }
  return plan.outputs.map((slot) => signals.get(slot)!)
}

function takesIndices({ layer }: LayerCall): boolean {
  return layer instanceof VariationalLayer && layer.operator.takesIndices === true
}

function reasonAgainst(call: LayerCall): { readonly reason?: string } | undefined {
  const { layer, inputs, outputs } = call
  const config = configOf(call)
  if (layer instanceof VariationalLayer) {
    const stages = stagesOf(layer.operator.name)
    if (stages == null) return { reason: `operator ${JSON.stringify(layer.operator.name)}` }
    const activation = activationOf(config)
    const reason =
      stages.map(({ operator }) => operator.unsupported?.(config)).find((each) => each != null) ??
      (hasActivation(activation) ? undefined : `activation ${JSON.stringify(activation)}`)
    return reason == null ? undefined : { reason }
  }
  const lowering = loweringOf(layer.getClassName())
  if (lowering == null) return {}
  const reason = lowering.unsupported?.({ layer, config, inputs, outputs })
  return reason == null ? undefined : { reason }
}

function reasonAgainstMoments(call: LayerCall, behindBayesian: boolean): { readonly reason?: string } | undefined {
  const { layer, inputs, outputs } = call
  const config = configOf(call)
  let reason: string | undefined
  if (layer instanceof VariationalLayer) {
    reason =
      behindBayesian && layer.operator.takesIndices === true
        ? `behind a Bayesian layer its indices are uncertain; mode 'moments' cannot write that`
        : activationWithoutMoments(activationOf(config))
  } else if (behindBayesian) {
    const lowering = loweringOf(layer.getClassName())!
    reason =
      lowering.moments == null
        ? `behind a Bayesian layer it has no moments; mode 'moments' cannot write it`
        : lowering.unsupportedMoments?.({ layer, config, inputs, outputs })
  }
  return reason == null ? undefined : { reason }
}

function lowerVariational(
  call: LayerCall,
  layer: VariationalLayer,
  given: Signal,
  tape: Tape,
  samplesAxis: SamplesAxis,
  weights: WeightStore,
  posterior: PosteriorLowering,
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
  const { value, samples, variance } = stages.reduce((x, stage, index) => {
    const isLast = index === stages.length - 1
    return isLast ? applyStage(x, stage, true) : tape.scope(stage.weight, () => applyStage(x, stage, false))
  }, given)
  const activation = activationOf(config)
  if (variance == null) return { value: lowerActivation(tape, activation, value), samples }
  const activated = activationMoments(tape, activation, { mean: value, variance })
  return { value: activated.mean, variance: activated.variance, samples }
}

/** An embedding has none. */
function activationOf(config: tf.serialization.ConfigDict): string {
  return (config['activation'] ?? 'linear') as string
}

function lowerOrdinary(
  call: LayerCall,
  given: readonly Signal[],
  tape: Tape,
  samplesAxis: SamplesAxis,
  weights: WeightStore,
): readonly Signal[] {
  const { layer, inputs: slots } = call
  const lowering = loweringOf(layer.getClassName())!
  const inputs = align(given, lowering.leadingAxes, samplesAxis)
  const loweringCall: LoweringCall = {
    layer,
    config: configOf(call),
    slots,
    inputs: inputs.map((input) => input.value),
    tape,
    weight: (name, arrange = (weight) => weight) =>
      weights.store(layer, name, () => {
        const weight = readWeight(layer, name)
        return weight == null ? undefined : arrange(weight)
      }),
    weightData: (name) => readWeight(layer, name),
    layerConstant: (name, make) => weights.store(layer, name, make)!,
  }
  if (inputs.some(({ variance }) => variance != null)) {
    const variances = inputs.map(({ value, variance }) => variance ?? tape.op('Mul', [value, tape.scalar(0)], {}, 'certain'))
    const { mean, variance } = lowering.moments!({ ...loweringCall, variances })
    return [{ value: mean, variance, samples: 'none' }]
  }
  const result = lowering.lower(loweringCall)
  const samples = inputs.find((input) => input.samples !== 'none')?.samples ?? 'none'
  return (Array.isArray(result) ? (result as readonly Value[]) : [result as Value]).map((value) => ({ value, samples }))
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

/** Says which layer it was, where a lowering breaks an invariant. */
function naming<T>({ layer }: LayerCall, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof GraphInvariantError)) throw error
    throw new GraphInvariantError(
      error.violations.map((violation) => `Layer "${layer.name}" (${layer.getClassName()}): ${violation}`),
    )
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

/** The weights that are in the graph already: a layer that is called twice stores them once. */
class WeightStore {
  private readonly tape: Tape
  private readonly values = new Map<tf.layers.Layer, Map<string, Value | undefined>>()
  private readonly posteriors = new Map<VariationalLayer, ReadonlyMap<string, Moments>>()

  constructor(tape: Tape) {
    this.tape = tape
  }

  store(layer: tf.layers.Layer, name: string, read: () => WeightData | undefined): Value | undefined {
    const ofLayer = this.values.get(layer) ?? new Map<string, Value | undefined>()
    this.values.set(layer, ofLayer)
    if (!ofLayer.has(name)) {
      const weight = read()
      ofLayer.set(name, weight == null ? undefined : this.tape.initializer(weight.data, weight.shape, name))
    }
    return ofLayer.get(name)
  }

  posteriorOf(layer: VariationalLayer): ReadonlyMap<string, Moments> {
    const known = this.posteriors.get(layer) ?? readPosterior(layer)
    this.posteriors.set(layer, known)
    return known
  }
}
