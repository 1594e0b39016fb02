import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CorruptModelError, type ExportOptions, exportModel, ForeignModelError, InvalidInputError } from '../src/index.ts'
import { loadPredictor } from '../src/node.ts'
import { decode } from '../src/wire/decode.ts'
import { decodeModel } from '../src/wire/decodeModel.ts'
import { encode } from '../src/wire/encode.ts'
import type { Message } from '../src/wire/schema.ts'
import { classifier } from './support/models.ts'

const RUNS = Number(process.env['TFJS_BAYES_PROPERTY_RUNS'] ?? 60) * 5

const modes: ExportOptions[] = [
  { mode: 'mean' },
  { mode: 'moments' },
  { mode: 'localReparameterization', noise: 'graph', samples: 2 },
  { mode: 'localReparameterization', noise: 'baked', samples: 3 },
  { mode: 'weightSampling', samples: 3 },
]
const model = classifier()
const files = modes.map((options) => exportModel(model, options))
model.dispose()

test('files with changed bytes are loaded and run, or refused by name', async () => {
  const endings = new Map<string, number>()
  // Without bias: the ends of the file are not where most of it is.
  const change = fc.record({ place: fc.noBias(fc.nat(2 ** 30)), value: fc.nat(255) })
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...files), fc.array(change, { minLength: 1, maxLength: 4 }), async (file, changes) => {
      const bytes = file.slice()
      for (const { place, value } of changes) bytes[place % bytes.length] = value
      const ending = await endingOf(bytes)
      endings.set(ending, (endings.get(ending) ?? 0) + 1)
    }),
    { numRuns: RUNS },
  )
  console.log(`${RUNS} files with up to 4 changed bytes:`, Object.fromEntries(endings))
  // Not all of them were refused at the first look.
  expect(endings.get('ran')).toBeGreaterThan(RUNS / 50)
})

test('a tensor that would fill the memory is refused by name', async () => {
  const message = decode(files[0]!)
  const [first] = message.graph!.node!
  const output = first!.output![0]!
  // The first result is repeated 2^40 times.
  const shape = new Uint8Array(BigInt64Array.of(2n ** 40n, 1n, 1n).buffer)
  const bomb: Message<'NodeProto'> = { input: ['seed_of_it', 'bomb_shape'], output: [output], opType: 'Expand', name: 'bomb' }
  const graph: Message<'GraphProto'> = {
    ...message.graph,
    node: [{ ...first, output: ['seed_of_it'] }, bomb, ...message.graph!.node!.slice(1)],
    initializer: [...message.graph!.initializer!, { name: 'bomb_shape', dataType: 7, dims: [3n], rawData: shape }],
    valueInfo: [],
  }
  expect(await endingOf(encode({ ...message, graph }))).toMatch(/^(InvalidInputError|CorruptModelError)$/)
})

test.each<[string, () => Uint8Array]>([
  // Each costs the file two bytes and the reader an object.
  ['empty nodes', () => inGraph(Uint8Array.of(0x0a, 0))],
  ['empty names of inputs', () => inGraph(field(0x0a, repeated(Uint8Array.of(0x0a, 0))))],
  // One byte each, packed into one list.
  ['small numbers', () => inGraph(field(0x0a, field(0x2a, field(0x42, new Uint8Array(SIZE).fill(1)))))],
])('memory is bounded by a multiple of the size of the file: %s', (_, build) => {
  const bytes = build()
  const before = process.memoryUsage()
  let read: unknown
  try {
    read = decode(bytes)
    decodeModel(bytes)
  } catch (error) {
    if (!(error instanceof CorruptModelError)) throw error
  }
  const after = process.memoryUsage()
  const grown = after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers
  // What was thrown away on the way and is still there counts too.
  expect(grown / bytes.length).toBeLessThan(250)
  expect(read).toBeDefined()
})

const SIZE = 2 ** 20

/** A model of nothing but a graph with these bytes, repeated up to a mebibyte. */
function inGraph(content: Uint8Array): Uint8Array {
  const opset = Uint8Array.of(0x42, 4, 0x0a, 0, 0x10, 17)
  return Buffer.concat([Uint8Array.of(0x08, 8), opset, field(0x3a, content.length < SIZE / 2 ? repeated(content) : content)])
}

function repeated(piece: Uint8Array): Uint8Array {
  return Uint8Array.from({ length: Math.floor(SIZE / piece.length) * piece.length }, (_, i) => piece[i % piece.length]!)
}

function field(key: number, content: Uint8Array): Uint8Array {
  const length: number[] = []
  for (let rest = content.length; ; rest = Math.floor(rest / 128)) {
    length.push(rest >= 128 ? (rest % 128) + 128 : rest)
    if (rest < 128) break
  }
  const bytes = new Uint8Array(1 + length.length + content.length)
  bytes.set([key, ...length])
  bytes.set(content, 1 + length.length)
  return bytes
}

/** How it ends when a file is loaded and run: 'ran', or the name of the error, which must be one that it may be. */
async function endingOf(bytes: Uint8Array): Promise<string> {
  try {
    const predictor = await loadPredictor(bytes, { providers: ['cpu'] })
    try {
      await predictor.predict(new Float32Array([1, 2, 3, 4, 5, 6]))
    } finally {
      await predictor.dispose()
    }
    return 'ran'
  } catch (error) {
    const expected = [CorruptModelError, ForeignModelError, InvalidInputError].some((kind) => error instanceof kind)
    if (!expected) throw error
    return (error as Error).name
  }
}
