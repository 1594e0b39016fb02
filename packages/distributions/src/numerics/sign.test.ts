import * as tf from '@tensorflow/tfjs'
import { expect, test } from 'vitest'
import { Laplace } from '../families/laplace.ts'
import { sign } from './sign.ts'

const SMALLEST = 2 ** -126

test('the sign of the smallest numbers is not 0', () => {
  expect([...sign(tf.tensor1d([-1, -1e-7, -SMALLEST, 0, SMALLEST, 1e-7, 1])).dataSync()]).toEqual([-1, -1, -1, 0, 1, 1, 1])
})

test('the slope of a Laplace log-density next to its centre is that of its side', () => {
  const slope = tf.grad((x: tf.Tensor) => new Laplace({ mu: 0, scale: 1 }).logProb(x).sum())
  expect([...slope(tf.tensor1d([-1e-8, 1e-8])).dataSync()]).toEqual([1, -1])
})
