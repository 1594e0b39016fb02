import * as tf from '@tensorflow/tfjs'
import { type EstimatorOptions, type VariationalLayer, type VariationalOptions, variationalDense } from '../src/index.ts'
import type { Values } from './values.ts'

type Options = VariationalOptions &
  EstimatorOptions & { readonly useBias?: boolean; readonly activation?: 'tanh' | 'relu'; readonly name?: string }

/** One layer with small sizes, and what it must do in plain numbers. Every row of the list goes through every test of operator x estimator. */
export interface OperatorCase {
  readonly title: string
  /** Without the batch. */
  readonly inputShape: readonly number[]
  readonly make: (options: Options) => VariationalLayer
  /** The deterministic layer of tfjs. */
  readonly twin: (options: { readonly useBias?: boolean; readonly activation?: 'tanh' | 'relu' }) => tf.layers.Layer
  /** op(x, kernel) + bias by loops. */
  readonly naive: (x: Values, kernel: Values, bias: Values | undefined) => Values
  /** Symbolic shapes: input, output. */
  readonly shapes: readonly (readonly [tf.Shape, tf.Shape])[]
}

export const operatorCases: readonly OperatorCase[] = [
  {
    title: 'dense',
    inputShape: [4],
    make: (options) => variationalDense({ units: 3, ...options }),
    twin: (options) => tf.layers.dense({ units: 3, ...options }),
    naive: naiveDense,
    shapes: [
      [
        [null, 4],
        [null, 3],
      ],
      [
        [7, 4],
        [7, 3],
      ],
    ],
  },
  {
    title: 'dense over the last of three axes',
    inputShape: [2, 4],
    make: (options) => variationalDense({ units: 3, ...options }),
    twin: (options) => tf.layers.dense({ units: 3, ...options }),
    naive: naiveDense,
    shapes: [
      [
        [null, 2, 4],
        [null, 2, 3],
      ],
      [
        [null, null, 4],
        [null, null, 3],
      ],
      [
        [5, 6, 2, 4],
        [5, 6, 2, 3],
      ],
    ],
  },
]

function naiveDense(x: Values, kernel: Values, bias: Values | undefined): Values {
  const inputs = kernel.shape[0]!
  const units = kernel.shape[1]!
  const rows = x.data.length / inputs
  const data: number[] = []
  for (let row = 0; row < rows; row++) {
    for (let unit = 0; unit < units; unit++) {
      let sum = bias?.data[unit] ?? 0
      for (let i = 0; i < inputs; i++) sum += x.data[row * inputs + i]! * kernel.data[i * units + unit]!
      data.push(sum)
    }
  }
  return { shape: [...x.shape.slice(0, -1), units], data }
}
