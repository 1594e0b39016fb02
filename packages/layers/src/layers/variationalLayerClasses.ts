import { VariationalConv1D } from './variationalConv1d.ts'
import { VariationalConv2D } from './variationalConv2d.ts'
import { VariationalConv2DTranspose } from './variationalConv2dTranspose.ts'
import { VariationalDense } from './variationalDense.ts'
import { VariationalDepthwiseConv2D } from './variationalDepthwiseConv2d.ts'
import { VariationalEmbedding } from './variationalEmbedding.ts'
import type { VariationalLayer } from './variationalLayer.ts'
import { VariationalSeparableConv2D } from './variationalSeparableConv2d.ts'

/** The variational layers by the class name of their `tf.layers` twin: the one list to which a new one is added. */
export const variationalLayerClasses: Readonly<
  Record<string, { readonly className: string; readonly prototype: VariationalLayer }>
> = {
  Dense: VariationalDense,
  Conv1D: VariationalConv1D,
  Conv2D: VariationalConv2D,
  DepthwiseConv2D: VariationalDepthwiseConv2D,
  SeparableConv2D: VariationalSeparableConv2D,
  Conv2DTranspose: VariationalConv2DTranspose,
  Embedding: VariationalEmbedding,
}
