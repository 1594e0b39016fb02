import fs from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Checkpoint } from '../checkpoint/checkpoint.ts'
import { CHECKPOINT_VERSION, decodeCheckpoint, encodeCheckpoint } from './checkpointFile.ts'
import {
  CorruptCheckpointError,
  NotARunFolderError,
  RunFolderClosedError,
  RunFolderInUseError,
  RunFolderWriteError,
  UnsupportedCheckpointError,
} from './errors.ts'
import { openRunFolder, type RunFolder } from './runFolder.ts'

let root: string
let open: RunFolder[] = []

beforeEach(async () => {
  root = await fs.mkdtemp(path.join(tmpdir(), 'tfjs-bayes-run-'))
})
afterEach(async () => {
  vi.restoreAllMocks()
  for (const folder of open) await folder.close()
  open = []
  await fs.rm(root, { recursive: true })
})

const at = (...parts: string[]): string => path.join(root, 'run', ...parts)
async function opened(): Promise<RunFolder> {
  const folder = await openRunFolder(at())
  open.push(folder)
  return folder
}

function checkpoint(epoch = 1): Checkpoint {
  const named = { name: 'n', settings: { a: 0.1 } }
  return {
    description: {
      model: '{}',
      data: 'x [3,2] y [3] 1f',
      likelihood: named,
      optimizer: named,
      learningRate: named,
      beta: named,
      seed: -5,
      rows: 3,
      batchSize: 2,
      datasetSize: 3,
      samples: 1,
      noise: 'independent',
      validationSamples: 1,
      clipNorm: null,
      earlyStopping: null,
      epochs: 9,
    },
    position: { epoch, batch: 1 },
    epochs: Array.from({ length: epoch }, (_, i) => ({
      epoch: i,
      steps: 2,
      examples: 3,
      elbo: -0.1 - i,
      nll: 0.1,
      kl: 1 / 3,
      klPerExample: 1 / 9,
      beta: 1,
      seconds: 0.25,
      examplesPerSecond: 12,
    })),
    sums: { steps: 1, rows: 2, nll: 0.1 + 0.2, kl: 5e-324, beta: 2, learningRate: null, seconds: 1 },
    tensors: [
      { name: 'weight/0', dtype: 'float32', shape: [2, 2], values: Float32Array.of(0.1, -0, 3e38, 1e-45) },
      { name: 'weight/1', dtype: 'bool', shape: [3], values: Uint8Array.of(1, 0, 1) },
      { name: 'optimizer/step', dtype: 'int32', shape: [], values: Int32Array.of(-7) },
      { name: 'optimizer/empty', dtype: 'float32', shape: [0, 4], values: new Float32Array(0) },
    ],
  }
}

describe('the file', () => {
  test('gives back every bit', () => {
    const saved = checkpoint()
    const read = decodeCheckpoint(encodeCheckpoint(saved)) as Checkpoint
    expect(read).toEqual(saved)
    expect(Object.is((read.tensors[0]!.values as Float32Array)[1], -0)).toBe(true)
  })

  test('is the same for the same checkpoint', () => {
    expect(encodeCheckpoint(checkpoint())).toEqual(encodeCheckpoint(checkpoint()))
  })

  test('cut short anywhere or with any byte changed, it is refused', () => {
    const bytes = encodeCheckpoint(checkpoint())
    for (let length = 0; length < bytes.length; length += 7) {
      expect(decodeCheckpoint(bytes.subarray(0, length))).toMatchObject({ kind: 'corrupt' })
    }
    for (let place = 0; place < bytes.length; place += 5) {
      const damaged = Uint8Array.from(bytes)
      damaged[place]! ^= 0x10
      expect(decodeCheckpoint(damaged)).toHaveProperty('kind')
    }
  })
})

describe('the folder', () => {
  test('gives back the newest checkpoint, keeps the one before, and has the metrics one epoch a line', async () => {
    const folder = await opened()
    expect(await folder.latest()).toBeUndefined()
    for (const epoch of [1, 2, 3, 4]) await folder.save(checkpoint(epoch))
    expect(await folder.latest()).toEqual(checkpoint(4))
    expect((await fs.readdir(at())).sort()).toEqual([
      'checkpoint-3.bin',
      'checkpoint-4.bin',
      'lock',
      'metrics.jsonl',
      'training-run.json',
    ])
    const lines = (await fs.readFile(at('metrics.jsonl'), 'utf8')).trim().split('\n')
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(checkpoint(4).epochs)
    expect(JSON.parse(await fs.readFile(at('training-run.json'), 'utf8'))).toEqual(checkpoint().description)
  })

  test('closed and opened again, it goes on', async () => {
    const first = await openRunFolder(at())
    await first.save(checkpoint(1))
    await first.close()
    const second = await opened()
    expect(await second.latest()).toEqual(checkpoint(1))
    await second.save(checkpoint(2))
    expect(await second.latest()).toEqual(checkpoint(2))
  })

  test('closed, it takes nothing more: another process may have it', async () => {
    const folder = await openRunFolder(at())
    await folder.close()
    await folder.close()
    await expect(folder.save(checkpoint(1))).rejects.toThrow(RunFolderClosedError)
    await expect(folder.latest()).rejects.toThrow(/was closed\. Open it again/)
  })

  test('clears away what a killed process left unfinished', async () => {
    await fs.mkdir(at())
    await fs.writeFile(at('checkpoint-1.bin.unfinished'), 'half')
    await fs.mkdir(at('lock-of-the-killed'))
    await fs.writeFile(at('lock-of-the-killed', 'owner'), JSON.stringify({ pid: 2 ** 30, identity: '' }))
    await opened()
    expect(await fs.readdir(at())).toEqual(['lock'])
  })

  test('keeps two checkpoints at the start, where kills have left more', async () => {
    const first = await openRunFolder(at())
    await first.save(checkpoint(1))
    for (const number of [2, 3, 11]) await fs.copyFile(at('checkpoint-1.bin'), at(`checkpoint-${number}.bin`))
    await first.close()
    await opened()
    expect((await fs.readdir(at())).filter((file) => file.startsWith('checkpoint')).sort()).toEqual([
      'checkpoint-11.bin',
      'checkpoint-3.bin',
    ])
  })
})

describe('two runs', () => {
  test('in one folder are refused, in one process too', async () => {
    await opened()
    const second = openRunFolder(at())
    await expect(second).rejects.toThrow(RunFolderInUseError)
    await expect(second).rejects.toThrow(new RegExp(`in use by the process ${process.pid}`))
    expect(await fs.readdir(at())).toEqual(['lock'])
  })

  test('one after the other are fine', async () => {
    await (await openRunFolder(at())).close()
    await opened()
  })

  test('a lock whose process is gone is taken over, also where its number lives on', async () => {
    for (const owner of [
      { pid: 2 ** 30, identity: '' },
      { pid: process.pid, identity: 'another boot 1' },
    ]) {
      await fs.mkdir(at('lock'), { recursive: true })
      await fs.writeFile(at('lock', 'owner'), JSON.stringify(owner))
      const folder = await openRunFolder(at())
      expect(await fs.readdir(at())).toEqual(['lock'])
      await folder.close()
    }
  })

  test('of many that want a stale lock at once, one gets it', async () => {
    await fs.mkdir(at('lock'), { recursive: true })
    await fs.writeFile(at('lock', 'owner'), JSON.stringify({ pid: 2 ** 30, identity: '' }))
    const outcomes = await Promise.allSettled(Array.from({ length: 3 }, () => openRunFolder(at())))
    const taken = outcomes.filter(({ status }) => status === 'fulfilled')
    expect(taken).toHaveLength(1)
    open.push((taken[0] as PromiseFulfilledResult<RunFolder>).value)
  })
})

describe('refusals', () => {
  test('a truncated checkpoint: named, with the older one kept; with the damaged one gone the run goes on from there', async () => {
    const folder = await opened()
    await folder.save(checkpoint(1))
    await folder.save(checkpoint(2))
    await fs.truncate(at('checkpoint-2.bin'), 100)
    const failure = folder.latest()
    await expect(failure).rejects.toThrow(CorruptCheckpointError)
    await expect(failure).rejects.toThrow(/checkpoint-2\.bin cannot be read: .*checksum.*checkpoint-1\.bin, is kept/)
    await fs.rm(at('checkpoint-2.bin'))
    expect(await folder.latest()).toEqual(checkpoint(1))
  })

  test('a damaged checkpoint that is the only one', async () => {
    const folder = await opened()
    await folder.save(checkpoint(1))
    await fs.writeFile(at('checkpoint-1.bin'), 'not a checkpoint, but some text that is long enough to be one')
    await expect(folder.latest()).rejects.toThrow(/does not begin like a checkpoint\. There is no older one/)
  })

  test('a checkpoint of another version', async () => {
    const folder = await opened()
    await folder.save(checkpoint(1))
    const bytes = await fs.readFile(at('checkpoint-1.bin'))
    bytes.writeUInt32LE(CHECKPOINT_VERSION + 1, 8)
    await fs.writeFile(at('checkpoint-1.bin'), bytes)
    const failure = folder.latest()
    await expect(failure).rejects.toThrow(UnsupportedCheckpointError)
    await expect(failure).rejects.toThrow(/version 2; this release reads version 1/)
  })

  test('a full disk: named, nothing half-written, the older checkpoint kept, and the next save works', async () => {
    const folder = await opened()
    await folder.save(checkpoint(1))
    const real = fs.open
    vi.spyOn(fs, 'open').mockImplementation(async (...args) => {
      const handle = await real(...args)
      vi.spyOn(handle, 'writeFile').mockRejectedValue(Object.assign(new Error('no space left on device'), { code: 'ENOSPC' }))
      return handle
    })
    const failure = folder.save(checkpoint(2))
    await expect(failure).rejects.toThrow(RunFolderWriteError)
    await expect(failure).rejects.toThrow(/checkpoint-2\.bin could not be written: the disk is full/)
    vi.restoreAllMocks()
    expect(await folder.latest()).toEqual(checkpoint(1))
    expect((await fs.readdir(at())).some((file) => file.endsWith('.unfinished'))).toBe(false)
    await folder.save(checkpoint(2))
    expect(await folder.latest()).toEqual(checkpoint(2))
  })

  test('a folder that holds something else, and a file', async () => {
    await fs.mkdir(at())
    await fs.writeFile(at('thesis.tex'), '')
    await expect(openRunFolder(at())).rejects.toThrow(NotARunFolderError)
    await expect(openRunFolder(at())).rejects.toThrow(/holds thesis\.tex but no training-run\.json/)
    await expect(openRunFolder(at('thesis.tex'))).rejects.toThrow(/is a file/)
    expect(await fs.readdir(at())).toEqual(['thesis.tex'])
  })
})
