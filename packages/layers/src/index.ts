export { sampleFunction } from './conversion/sampleFunction.ts'
export type { ToBayesianOptions } from './conversion/toBayesian.ts'
export { toBayesian } from './conversion/toBayesian.ts'
export { toDeterministic } from './conversion/toDeterministic.ts'
export {
  ConversionError,
  InvalidLayerArgumentError,
  InvalidOptionError,
  LayerNotBuiltError,
  MissingDatasetSizeError,
  NoiseError,
  UnsupportedEstimatorError,
  UnsupportedFormatError,
  UnsupportedKlError,
} from './errors.ts'
export type { Estimator, PreActivationArgs, WeightPosterior } from './estimators/estimator.ts'
export type { EstimatorName } from './estimators/estimators.ts'
export type { Mode } from './forwardPass.ts'
export { ForwardPass } from './forwardPass.ts'
export type { KlMethod } from './kl/klMethods.ts'
export type { Activation } from './layers/tfLayer.ts'
export type { VariationalConv1dArgs } from './layers/variationalConv1d.ts'
export { VariationalConv1D, variationalConv1d } from './layers/variationalConv1d.ts'
export type { VariationalConv2dArgs } from './layers/variationalConv2d.ts'
export { VariationalConv2D, variationalConv2d } from './layers/variationalConv2d.ts'
export type { VariationalConv2dTransposeArgs } from './layers/variationalConv2dTranspose.ts'
export { VariationalConv2DTranspose, variationalConv2dTranspose } from './layers/variationalConv2dTranspose.ts'
export type { VariationalDenseArgs } from './layers/variationalDense.ts'
export { VariationalDense, variationalDense } from './layers/variationalDense.ts'
export type { VariationalDepthwiseConv2dArgs } from './layers/variationalDepthwiseConv2d.ts'
export { VariationalDepthwiseConv2D, variationalDepthwiseConv2d } from './layers/variationalDepthwiseConv2d.ts'
export type { VariationalEmbeddingArgs } from './layers/variationalEmbedding.ts'
export { VariationalEmbedding, variationalEmbedding } from './layers/variationalEmbedding.ts'
export { VariationalLayer } from './layers/variationalLayer.ts'
export type { BiasKind, EstimatorOptions, KlOptions, VariationalOptions } from './layers/variationalOptions.ts'
export type { VariationalSeparableConv2dArgs } from './layers/variationalSeparableConv2d.ts'
export { VariationalSeparableConv2D, variationalSeparableConv2d } from './layers/variationalSeparableConv2d.ts'
export type { VariationalWeight } from './layers/variationalWeight.ts'
export { givenNoise } from './noise/givenNoise.ts'
export type { NoiseSource } from './noise/noiseSource.ts'
export { seededNoise } from './noise/seededNoise.ts'
export type { LinearOperator, Operator } from './operators/linearOperator.ts'
export type { LayerSummary, PosteriorSummary, Quantiles } from './posteriorSummary.ts'
export { formatPosteriorSummary, posteriorSummary } from './posteriorSummary.ts'
export { variationalLayers } from './variationalLayers.ts'
