import * as tf from '@tensorflow/tfjs'
import { InvalidArgumentError } from '../errors.ts'

/** A stateless random op: a tfjs kernel that is made of TensorFlow's own ops on the native backend, and its twin in TypeScript elsewhere. */
export interface StatelessOp {
  /** The kernel's name. */
  readonly name: string
  /** The same numbers in TypeScript. */
  readonly twin: (size: number, seed: readonly [number, number]) => Float32Array
}

/**
 * Runs a stateless random op.
 *
 * @param caller the public function, for messages
 * @param op `nativeRandom.ts` registers a kernel of TensorFlow's ops under its name; any other backend gets the twin at first use
 * @throws InvalidArgumentError for a shape, key or counter that is not what the public functions document
 */
export function statelessOp(
  caller: string,
  op: StatelessOp,
  shape: readonly number[],
  key: number,
  counter: number | tf.Scalar,
): tf.Tensor {
  if (!shape.every((size) => Number.isSafeInteger(size) && size >= 0))
    throw new InvalidArgumentError(`${caller}: shape is [${shape.join(', ')}], expected non-negative integers`)
  const keyWord = int32(caller, 'key', key)
  const counterWord = typeof counter === 'number' ? int32(caller, 'counter', counter) : counter
  if (typeof counterWord !== 'number' && counterWord.rank !== 0)
    throw new InvalidArgumentError(
      `${caller}: counter has shape [${(counterWord as tf.Tensor).shape.join(', ')}], expected a scalar`,
    )
  return tf.tidy(() => {
    const seed =
      typeof counterWord === 'number'
        ? tf.tensor1d([keyWord, counterWord], 'int32')
        : tf.stack([tf.scalar(keyWord, 'int32'), counterWord.toInt()])
    const backend = tf.getBackend()
    if (tf.getKernel(op.name, backend) == null) registerTwin(op, backend)
    return tf.engine().runKernel(op.name, { seed }, { shape: [...shape] }) as tf.Tensor
  })
}

/** The same 32 bits as a signed number, which is what TensorFlow's int32 holds. */
export function int32(caller: string, name: string, value: number): number {
  if (!Number.isInteger(value) || value < -0x80000000 || value > 0xffffffff)
    throw new InvalidArgumentError(`${caller}: ${name} is ${value}, expected an integer of 32 bits`)
  return value | 0
}

function registerTwin({ name, twin }: StatelessOp, backendName: string): void {
  tf.registerKernel({
    kernelName: name,
    backendName,
    kernelFunc: ({ inputs, attrs, backend }) => {
      const { readSync, write } = backend as tf.KernelBackend
      const shape = attrs!['shape'] as number[]
      const seed = readSync.call(backend, (inputs['seed'] as tf.Tensor).dataId) as Int32Array
      const values = twin(tf.util.sizeFromShape(shape), [seed[0]!, seed[1]!])
      return { dataId: write.call(backend, values, shape, 'float32') as object, shape, dtype: 'float32' }
    },
  })
}
