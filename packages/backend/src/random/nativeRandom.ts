import * as tf from '@tensorflow/tfjs'
import { DT, type RunOp, runOpOn } from '../nativeOp.ts'
import { NORMAL } from './statelessNormal.ts'
import type { StatelessOp } from './statelessOp.ts'
import { SIGNS } from './statelessSigns.ts'
import { UNIFORM } from './statelessUniform.ts'

/** From so many numbers on, a dozen vectorized ops take less time than TensorFlow's normal draw. */
const WORTH_VECTORIZING = 32_768

const kernels = [
  kernel(UNIFORM, (run, shape, seed) => draw(run, 'StatelessRandomUniform', shape, seed)),
  kernel(NORMAL, normal),
  kernel(SIGNS, signs),
]

/** Makes TensorFlow's own ops the kernels of the stateless draws on the native backend, in place of the TypeScript twins. */
export function registerNativeRandom(): void {
  for (const kernel of kernels) {
    const present = tf.getKernel(kernel.kernelName, 'tensorflow')
    if (present === kernel) continue
    if (present !== undefined && present !== null) tf.unregisterKernel(kernel.kernelName, 'tensorflow')
    tf.registerKernel(kernel)
  }
}

function normal(run: RunOp, shape: number[], seed: tf.Tensor): tf.Tensor {
  const large = tf.util.sizeFromShape(shape) >= WORTH_VECTORIZING
  return large ? vectorizedNormal(run, shape, seed) : draw(run, 'StatelessRandomNormal', shape, seed)
}

/**
 * The numbers of TensorFlow's `StatelessRandomNormal` up to rounding (2e-6), from the uniform ones that it starts from. Its own Box-Muller takes one pair at a time,
 * and three fifths of the time of a large draw; here logarithm, sine and cosine are vectorized. The pairs lie next to each other: as complex
 * numbers they are taken apart and put together at the price of a pass.
 */
function vectorizedNormal(run: RunOp, shape: number[], seed: tf.Tensor): tf.Tensor {
  const size = tf.util.sizeFromShape(shape)
  const pairs = Math.ceil(size / 2)
  const uniform = draw(run, 'StatelessRandomUniform', [pairs, 2], seed)
  const complex = run('Bitcast', { T: DT.float32, type: DT.complex64 }, [uniform])
  const [first, second] = ['Real', 'Imag'].map((part) => run(part, { T: DT.complex64, Tout: DT.float32 }, [complex]))
  // The bound is that of TensorFlow's BoxMullerFloat.
  const radius = tf.sqrt(tf.mul(tf.log(tf.maximum(first!, 1e-7)), -2))
  const angle = tf.mul(second!, 2 * Math.PI)
  const sineAndCosine = [tf.mul(radius, tf.sin(angle)), tf.mul(radius, tf.cos(angle))]
  const normal = run('Bitcast', { T: DT.complex64, type: DT.float32 }, [
    run('Complex', { T: DT.float32, Tout: DT.complex64 }, sineAndCosine),
  ])
  return tf.reshape(size % 2 === 0 ? normal : tf.slice(tf.reshape(normal, [-1]), 0, size), shape)
}

/** The sign bit of a random word, before the other bits of 1. */
function signs(run: RunOp, shape: number[], seed: tf.Tensor): tf.Tensor {
  const words = draw(run, 'StatelessRandomUniformFullInt', shape, seed, DT.int32)
  const bits = run('BitwiseAnd', { T: DT.int32 }, [words, tf.scalar(-0x80000000, 'int32')])
  return run('Bitcast', { T: DT.int32, type: DT.float32 }, [
    run('BitwiseOr', { T: DT.int32 }, [bits, tf.scalar(0x3f800000, 'int32')]),
  ])
}

function draw(run: RunOp, op: string, shape: number[], seed: tf.Tensor, dtype: number = DT.float32): tf.Tensor {
  return run(op, { dtype, T: DT.int32, Tseed: DT.int32 }, [tf.tensor1d(shape, 'int32'), seed])
}

function kernel({ name }: StatelessOp, compute: (run: RunOp, shape: number[], seed: tf.Tensor) => tf.Tensor): tf.KernelConfig {
  return {
    kernelName: name,
    backendName: 'tensorflow',
    kernelFunc: ({ inputs, attrs, backend }) => {
      const run = runOpOn(backend)
      return tf.tidy(() => compute(run, [...(attrs!['shape'] as number[])], inputs['seed'] as tf.Tensor))
    },
  }
}
