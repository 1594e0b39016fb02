import * as tf from '@tensorflow/tfjs'
import { expect, test } from 'vitest'
import { compile } from '../compile/index.ts'
import { statelessNormal } from './statelessNormal.ts'
import { statelessSigns } from './statelessSigns.ts'
import { statelessUniform } from './statelessUniform.ts'

test.each([
  ['statelessNormal', [257, 3], statelessNormal],
  ['statelessNormal, vectorized,', [257, 301], statelessNormal],
  ['statelessUniform', [257, 3], statelessUniform],
  ['statelessSigns', [257, 3], statelessSigns],
] as const)('%s in a compiled step draws anew for each counter, bit for bit what it draws outside', (_, shape, draw) => {
  const step = compile((counter: tf.Tensor) => draw(shape, 42, counter as tf.Scalar))
  for (let call = 0; call < 6; call++) {
    const counter = tf.scalar(call, 'int32')
    const [inside, outside] = [step(counter), draw(shape, 42, call)]
    expect(inside.dataSync()).toEqual(outside.dataSync())
    tf.dispose([counter, inside, outside])
  }
  if (tf.getBackend() === 'tensorflow') {
    expect(step.graph.reason).toBeUndefined()
    expect(step.graph.stats.graphCalls).toBeGreaterThan(0)
  }
  step.dispose()
})
