import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { exportModel, FileAccessError, InvalidModelError, InvalidOptionError } from '../src/index.ts'
import { type TritonOptions, tritonConfig, tritonRepository } from '../src/node.ts'
import { findJudge, readTritonConfig } from './support/judge.ts'
import { classifier } from './support/models.ts'

let folder: string
let stored: Uint8Array
let fed: Uint8Array
let open: Uint8Array

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tfjs-bayes-triton-'))
  const model = classifier()
  stored = exportModel(model, { mode: 'localReparameterization', noise: 'baked' })
  fed = exportModel(model, { mode: 'localReparameterization', noise: 'input' })
  open = exportModel(model, { mode: 'localReparameterization', noise: 'graph' })
  model.dispose()
})

afterAll(async () => {
  await rm(folder, { recursive: true })
})

const judge = findJudge()
if ('missing' in judge)
  console.log(`NOT RUN: Triton's own proto as the judge of config.pbtxt is not available here (${judge.missing}).`)

test.runIf('python' in judge)("Triton's own proto reads the configuration, and finds in it what was meant", () => {
  const options: TritonOptions = {
    maxBatchSize: 64,
    maxQueueDelay: 200,
    device: 'gpu',
    instances: 2,
    cuda: { gpu_mem_limit: '1000000' },
  }
  expect(readTritonConfig((judge as { python: string }).python, tritonConfig(stored, 'digits', options))).toEqual({
    name: 'digits',
    backend: 'onnxruntime',
    max_batch_size: 64,
    input: [{ name: 'x', data_type: 'TYPE_FP32', dims: ['3'] }],
    output: [
      { name: 'probabilities', data_type: 'TYPE_FP32', dims: ['4'] },
      ...['entropy', 'expected_entropy', 'mutual_information'].map((name) => ({
        name,
        data_type: 'TYPE_FP32',
        dims: ['1'],
        reshape: {},
      })),
    ],
    instance_group: [{ kind: 'KIND_GPU', count: 2 }],
    dynamic_batching: { max_queue_delay_microseconds: '200' },
    optimization: {
      execution_accelerators: { gpu_execution_accelerator: [{ name: 'cuda', parameters: { gpu_mem_limit: '1000000' } }] },
    },
    model_warmup: [1, 64].map((rows) => ({
      name: `${rows} rows`,
      batch_size: rows,
      inputs: { x: { data_type: 'TYPE_FP32', dims: ['3'], zero_data: true } },
    })),
  })
})

test('the repository is written whole, or not at all', async () => {
  const path = join(folder, 'repository', 'digits')
  await tritonRepository(stored, path, { version: 3 })
  expect(await readdir(join(folder, 'repository'))).toEqual(['digits'])
  expect((await readdir(path, { recursive: true })).sort()).toEqual(['3', '3/model.onnx', 'config.pbtxt'])
  expect(new Uint8Array(await readFile(join(path, '3', 'model.onnx')))).toEqual(stored)
  expect(await readFile(join(path, 'config.pbtxt'), 'utf8')).toBe(tritonConfig(stored, 'digits', { version: 3 }))
  // It is there already.
  await expect(tritonRepository(stored, path)).rejects.toThrow(FileAccessError)
  expect(await readdir(join(folder, 'repository'))).toEqual(['digits'])
})

test('what a server could not batch is refused', () => {
  expect(() => tritonConfig(fed, 'm')).toThrow(InvalidModelError)
  expect(() => tritonConfig(fed, 'm')).toThrow(/takes its noise as an input.*noise: 'baked'/)
  expect(() => tritonConfig(open, 'm')).toThrow(/takes the number of draws as an input/)
})

test.each<[string, TritonOptions, RegExp]>([
  ['a/b', {}, /name is "a\/b"/],
  ['m', { maxBatchSize: 0 }, /maxBatchSize is 0/],
  ['m', { maxQueueDelay: -1 }, /maxQueueDelay is -1/],
  ['m', { instances: 1.5 }, /instances is 1\.5/],
  ['m', { version: 0 }, /version is 0/],
  ['m', { device: 'tpu' as 'gpu' }, /device is "tpu"/],
])('options that cannot be meant: %s %j', (name, options, message) => {
  expect(() => tritonConfig(stored, name, options)).toThrow(InvalidOptionError)
  expect(() => tritonConfig(stored, name, options)).toThrow(message)
})
