import { VariationalConv1D } from './variationalConv1d.ts'
import { VariationalConv2D } from './variationalConv2d.ts'
import { VariationalDense } from './variationalDense.ts'
import { VariationalDepthwiseConv2D } from './variationalDepthwiseConv2d.ts'
import type { VariationalLayer } from './variationalLayer.ts'

/** The variational layers by the class name of their `tf.layers` twin: the one list to which a new one is added. */
export const variationalLayerClasses: Readonly<
  Record<string, { readonly className: string; readonly prototype: VariationalLayer }>
> = {
  Dense: VariationalDense,
  Conv1D: VariationalConv1D,
  Conv2D: VariationalConv2D,
  DepthwiseConv2D: VariationalDepthwiseConv2D,
}
