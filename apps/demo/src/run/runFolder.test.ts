import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import {
  CorruptRunFileError,
  ForeignFolderError,
  MissingRunFileError,
  RunFormatVersionError,
  StaleRunFileError,
  UnwritableFolderError,
} from '../errors.ts'
import { chooseSettings } from '../settings.ts'
import type { RunFile } from './runFile.ts'
import { hashOf, RunFolder } from './runFolder.ts'
import type { TrainingFile } from './trainingFile.ts'
import { writeAtomically } from './writeAtomically.ts'

let path: string
let folder: RunFolder
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'run-'))
  folder = new RunFolder(path)
})
afterEach(() => rmSync(path, { recursive: true, force: true }))

const run: RunFile = {
  settings: chooseSettings('cpu', { tiny: true }).settings,
  dataFolder: null,
  backend: { name: 'cpu', message: 'plain JavaScript' },
  reduced: 'tiny',
  machine: { cpu: 'abacus', cores: 1, platform: 'linux x64' },
  versions: { node: '20' },
}
const training: TrainingFile = {
  models: [
    {
      name: 'lrt',
      keptEpoch: 1,
      stopped: 'finished',
      parameters: 10,
      epochs: [{ epoch: 1, elbo: -2, nll: 1, klPerExample: 1, seconds: 1, validation: { elbo: -2, nll: 1, error: 0.5 } }],
      sha256: hashOf(new Uint8Array(1)),
    },
  ],
}

/** Changes one of the JSON files as a careless hand would. */
function edit(file: string, change: (envelope: { version: number; content: Record<string, unknown> }) => void): void {
  const envelope = JSON.parse(readFileSync(join(path, file), 'utf8')) as Parameters<typeof change>[0]
  change(envelope)
  writeFileSync(join(path, file), JSON.stringify(envelope))
}

test('what is written is read back, and nothing else is left in the folder', () => {
  folder.prepare()
  folder.write('run', run)
  folder.write('training', training)
  folder.writeBytes('onnx/model.onnx', Uint8Array.of(1, 2))
  expect(folder.read('run')).toEqual(run)
  expect(folder.read('training')).toEqual(training)
  expect([...folder.readBytes('onnx/model.onnx', 'export', hashOf(Uint8Array.of(1, 2)))]).toEqual([1, 2])
  expect(readdirSync(path).sort()).toEqual(['onnx', 'run.json', 'training.json'])
})

test('a missing file names the command that writes it', () => {
  expect(() => folder.read('evaluation')).toThrow(MissingRunFileError)
  expect(() => folder.read('evaluation')).toThrow(/evaluation\.json\. Run the command 'evaluate' first/)
  expect(() => new RunFolder(join(path, 'not', 'there')).read('run')).toThrow(/Run the command 'train' first/)
})

test.each([
  ['cut short', (text: string) => text.slice(0, text.length / 2), /not JSON/],
  ['binary', () => '\u0000\u0001', /not JSON/],
  ['a list', () => '[]', /does not hold a JSON object/],
  ['foreign', () => '{"scripts": {}}', /not a training file of this demo/],
])('a file that is %s', (_, damage, message) => {
  folder.write('run', run)
  folder.write('training', training)
  writeFileSync(join(path, 'training.json'), damage(readFileSync(join(path, 'training.json'), 'utf8')))
  expect(() => folder.read('training')).toThrow(CorruptRunFileError)
  expect(() => folder.read('training')).toThrow(message)
  expect(() => folder.read('training')).toThrow(/Run the command 'train' again/)
})

test('a wrong field is named with what it holds', () => {
  folder.write('run', run)
  edit('run.json', ({ content }) => {
    ;(content['settings'] as Record<string, unknown>)['epochs'] = 'many'
  })
  expect(() => folder.read('run')).toThrow(CorruptRunFileError)
  expect(() => folder.read('run')).toThrow(/run\.json is corrupt at settings\.epochs: got "many", expected number/)
})

test('another format version is refused', () => {
  folder.write('run', run)
  edit('run.json', (envelope) => {
    envelope.version = 99
  })
  expect(() => folder.read('run')).toThrow(RunFormatVersionError)
  expect(() => folder.read('run')).toThrow(/version 99; this program reads version 1/)
})

test('a file made from another one than the present is stale', () => {
  folder.write('run', run)
  folder.write('training', training)
  folder.write('run', { ...run, reduced: null })
  expect(() => folder.read('training')).toThrow(StaleRunFileError)
})

test('bytes other than those written are refused', () => {
  folder.writeBytes('model.onnx', Uint8Array.of(1, 2))
  expect(() => folder.readBytes('model.onnx', 'export', hashOf(Uint8Array.of(1, 3)))).toThrow(/checksum differs/)
})

test('a folder with something else in it is left alone', () => {
  writeFileSync(join(path, 'thesis.doc'), 'years')
  expect(() => folder.prepare()).toThrow(ForeignFolderError)
  writeFileSync(join(path, 'run.json'), '{"format": "another program"}')
  expect(() => folder.prepare()).toThrow(ForeignFolderError)
  folder.write('run', run)
  folder.prepare()
  folder.clear()
  expect(readdirSync(path)).toEqual(['thesis.doc'])
})

test('a path that cannot be a folder is unwritable, and a failed write leaves nothing behind', () => {
  writeFileSync(join(path, 'file'), '')
  expect(() => new RunFolder(join(path, 'file')).prepare()).toThrow(UnwritableFolderError)
  expect(() => new RunFolder(join(path, 'file', 'below')).prepare()).toThrow(
    /a file, not a folder: choose another folder with --out/,
  )
  // A folder stands where the file should go, so the rename at the end fails.
  folder.writeBytes('taken/inside', 'x')
  expect(() => writeAtomically(join(path, 'taken'), 'content')).toThrow(UnwritableFolderError)
  expect(readdirSync(path).sort()).toEqual(['file', 'taken'])
  expect(existsSync(join(path, 'taken', 'inside'))).toBe(true)
})
