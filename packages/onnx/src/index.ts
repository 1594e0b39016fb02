export { buildLayersModel } from './buildLayersModel.ts'
export { buildModel } from './buildModel.ts'
export { checkCudaKernels } from './cuda/checkCudaKernels.ts'
export type { UnsupportedLayer } from './errors.ts'
export {
  CorruptModelError,
  FileAccessError,
  ForeignModelError,
  GraphInvariantError,
  InvalidInputError,
  InvalidModelError,
  InvalidOptionError,
  InvalidWeightError,
  MissingCudaKernelError,
  ModelTooLargeError,
  OnnxError,
  RuntimeUnavailableError,
  UnsupportedLayerError,
} from './errors.ts'
export { exportLayersModel } from './exportLayersModel.ts'
export { exportModel } from './exportModel.ts'
export type { ExportOptions, ModeOptions } from './exportOptions.ts'
export type { GraphOptions } from './graphOptions.ts'
export type { Graph, OnnxModel, Port } from './ir/graph.ts'
export type { Attribute, Attributes, Node } from './ir/node.ts'
export type { Tape } from './ir/tape.ts'
export type { Dimension, ElementType, TensorData, TensorType, Value } from './ir/value.ts'
export type { LayerWeights, LeadingAxes, Lowering, LoweringCall, MomentsCall, UnloweredCall } from './lower/lowering.ts'
export { registerLowering } from './lower/registry.ts'
export type { Slot } from './plan/modelPlan.ts'
export type { Likelihood } from './predictive/likelihood.ts'
export type { OutputName, PredictionName } from './predictive/outputs.ts'
export { decodeModel } from './wire/decodeModel.ts'
