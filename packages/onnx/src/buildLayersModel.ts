import type * as tf from '@tensorflow/tfjs'
import { finishModel } from './finishModel.ts'
import { declareInputs } from './graphInputs.ts'
import { checkGraphOptions, type GraphOptions, refuseOtherOptions } from './graphOptions.ts'
import type { OnnxModel } from './ir/graph.ts'
import { Tape } from './ir/tape.ts'
import { checkLayers } from './lower/checkLayers.ts'
import { lowerModel } from './lower/lowerModel.ts'
import { mean } from './lower/posterior/mean.ts'
import { SamplesAxis } from './lower/samplesAxis.ts'
import { planModel } from './plan/modelPlan.ts'

/**
 * Makes the ONNX graph of a model as it is; `exportLayersModel` writes it as bytes.
 *
 * @param model a built model
 * @param options how it is written
 * @returns the checked graph; its initializers may share memory with the model's weights, so use it before they change
 * @throws as `exportLayersModel`
 */
export function buildLayersModel(model: tf.LayersModel, options: GraphOptions = {}): OnnxModel {
  refuseOtherOptions(options)
  checkGraphOptions(options)
  const { opset = 17, precision = 'float32', cuda = 'required' } = options
  const plan = planModel(model)
  checkLayers(plan, false)
  const tape = new Tape(opset)
  const inputs = declareInputs(tape, plan)
  const signals = tape.inPrecisionOf(precision, () =>
    lowerModel(plan, inputs, {
      tape,
      samplesAxis: new SamplesAxis(tape, () => 1),
      posterior: mean,
      needsCuda: cuda === 'required',
    }),
  )
  const ports = signals.map(({ value }, index) => ({ name: plan.outputNames[index]!, value: tape.cast(value) }))
  return finishModel(tape, plan.name, ports, {}, options)
}
