import { expect, test } from 'vitest'
import type { OnnxModel } from '../ir/graph.ts'
import { Tape } from '../ir/tape.ts'
import { checkCudaKernels } from './checkCudaKernels.ts'
import { CUDA_KERNELS } from './kernels.ts'

test('a graph of ordinary operators runs on CUDA', () => {
  expect(checkCudaKernels(graphOf(17, 'float', 'Relu'))).toEqual([])
})

test('the table has the operators of the default set', () => {
  expect(Object.keys(CUDA_KERNELS)).toHaveLength(147)
  expect(CUDA_KERNELS['RandomNormalLike']![0]).toMatch(/^1\+ T1=.* T2=float,float16,double$|^1\+ T1=.* T2=double,float,float16$/)
})

test('an element type without a kernel is found', () => {
  expect(checkCudaKernels(graphOf(17, 'int32', 'Relu'))).toEqual(['Relu: Relu has no CUDA kernel for T = int32'])
})

test('an open range matches only the version that it names', () => {
  // Version 13 at opset 17 lies in 1-17; version 18 is the one of "18+".
  expect(checkCudaKernels(reductionOf(17))).toEqual([])
  expect(checkCudaKernels(reductionOf(18))).toEqual([])
  // ReduceMax was redefined at 20; the open range names 18.
  expect(checkCudaKernels(reductionOf(20))).toEqual([
    expect.stringMatching(/ReduceMax has the version 20 at opset 20, its CUDA kernels are 18\+, 1-17/),
  ])
})

test('an operator without any kernel, and one that the schemas do not know, are found', () => {
  const model = graphOf(17, 'float', 'Relu')
  const node = model.graph.nodes[0]!
  const as = (opType: string): OnnxModel => ({ ...model, graph: { ...model.graph, nodes: [{ ...node, opType }] } })
  expect(checkCudaKernels(as('HardMax'))).toEqual([expect.stringMatching(/HardMax is not in this package's table/)])
})

function graphOf(opset: number, elementType: 'float' | 'int32', opType: string): OnnxModel {
  const tape = new Tape(opset)
  const value = tape.op(opType, [tape.input('x', elementType, ['batch', 2])])
  return { graph: tape.finish('g', [{ name: 'y', value }]), opset, metadata: {} }
}

function reductionOf(opset: number): OnnxModel {
  const tape = new Tape(opset)
  const x = tape.input('x', 'float', ['batch', 2])
  const value = opset < 18 ? tape.op('ReduceMax', [x], { axes: [1n] }) : tape.op('ReduceMax', [x, tape.ints([1])])
  return { graph: tape.finish('g', [{ name: 'y', value }]), opset, metadata: {} }
}
