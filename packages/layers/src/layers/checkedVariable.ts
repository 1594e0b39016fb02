import * as tf from '@tensorflow/tfjs'
import { InvalidLayerArgumentError } from '../errors.ts'

/**
 * Lets a variable of a layer say whose it is when it is given a value of another shape, and leave nothing behind of what a constraint computes:
 * `tf.loadLayersModel` writes into variables past the layer, and outside of any tidy.
 *
 * @returns the same variable
 */
export function checkedVariable(variable: tf.LayerVariable, layer: string, name: string): tf.LayerVariable {
  const write = variable.write.bind(variable)
  const shape = variable.shape as number[]
  variable.write = (value) => {
    if (!tf.util.arraysEqual(value.shape, shape)) {
      throw InvalidLayerArgumentError.of(layer, `the shape of ${name}`, value.shape, JSON.stringify(shape))
    }
    tf.tidy(() => {
      write(value)
    })
    return variable
  }
  return variable
}
