import * as tf from '@tensorflow/tfjs'

/** Makes the named variables of an optimizer, none of them trainable, and disposes of them together. */
export class OptimizerState {
  readonly variables: Map<string, tf.Variable> = new Map()

  /** A scalar that starts at a value. */
  scalar(name: string, value: number): tf.Variable {
    return this.#keep(
      name,
      tf.tidy(() => tf.variable(tf.scalar(value), false)),
    )
  }

  /** One variable for each of the model's, of its shape and starting at 0. */
  slots(name: string, variables: readonly tf.Variable[]): tf.Variable[] {
    return variables.map((variable, i) =>
      this.#keep(
        `${name}/${i}`,
        tf.tidy(() => tf.variable(tf.zerosLike(variable), false)),
      ),
    )
  }

  dispose(): void {
    for (const variable of this.variables.values()) variable.dispose()
    this.variables.clear()
  }

  #keep(name: string, variable: tf.Variable): tf.Variable {
    this.variables.set(name, variable)
    return variable
  }
}
