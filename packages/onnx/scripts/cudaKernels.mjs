// Rewrites src/cuda/kernels.ts from a table of ONNX Runtime's CUDA kernels:  node scripts/cudaKernels.mjs ort-cuda-kernels.json
// The input is docs/OperatorKernels.md of microsoft/onnxruntime as JSON: {source, ops: [{domain, op, versions: [{since, until, types}]}]}.
import { readFileSync, writeFileSync } from 'node:fs'

const { source, ops } = JSON.parse(readFileSync(process.argv[2], 'utf8'))
// The element types of src/ir/value.ts; others (bfloat16, float8, sequences) cannot occur in our graphs.
const ours = [
  'float',
  'uint8',
  'int8',
  'uint16',
  'int16',
  'int32',
  'int64',
  'string',
  'bool',
  'float16',
  'double',
  'uint32',
  'uint64',
]
const kernels = ops
  .filter(({ domain }) => domain === 'ai.onnx')
  .map(({ op, versions }) => {
    const rows = versions.map(({ since, until, types }) => {
      const range = until == null ? `${since}+` : `${since}-${until}`
      const parameters = Object.entries(types).map(
        ([name, list]) => `${name}=${list.filter((type) => ours.includes(type)).join(',')}`,
      )
      return [range, ...parameters].join(' ')
    })
    return `  ${op}: [${rows.map((row) => `'${row}'`).join(', ')}],`
  })
const text = `/**
 * The kernels of the default operator set that ONNX Runtime registers for its CUDA execution provider: for each operator a list of
 * \`since-until\` or \`since+\`, then the element types per type parameter. Types that this package does not write are left out.
 *
 * Source: ${source}
 * (c) Microsoft Corporation, MIT licence. Written by scripts/cudaKernels.mjs; not to be edited by hand.
 */
// biome-ignore format: one operator a line reads as the table that it is
export const CUDA_KERNELS: Readonly<Record<string, readonly string[]>> = {
${kernels.join('\n')}
}
`
writeFileSync(new URL('../src/cuda/kernels.ts', import.meta.url), text)
