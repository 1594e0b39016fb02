import { type ExportOptions, exportModel } from '@tfjs-bayes/onnx'
import { LRT } from '../contestants.ts'
import { MissingRunFileError } from '../errors.ts'
import { megabytes } from '../format.ts'
import { titleOf } from '../report/comparison.ts'
import type { ExportedFile, OnnxKind } from '../run/exportFile.ts'
import { loadModel } from '../run/modelStore.ts'
import { hashOf } from '../run/runFolder.ts'
import { startBackend } from './backend.ts'
import { disposing } from './disposing.ts'
import type { Stage } from './stage.ts'

const KINDS: Readonly<Record<OnnxKind, { readonly file: string; readonly options: ExportOptions; readonly what: string }>> = {
  mean: { file: 'onnx/lrt-mean.onnx', options: { mode: 'mean' }, what: 'posterior means, one pass' },
  noiseInput: {
    file: 'onnx/lrt-noise-input.onnx',
    options: { mode: 'localReparameterization', noise: 'input' },
    what: 'S draws, noise fed as an input',
  },
  noiseGraph: {
    file: 'onnx/lrt-noise-graph.onnx',
    options: { mode: 'localReparameterization', noise: 'graph', samples: 'input' },
    what: 'S draws, noise drawn in the graph, S an input',
  },
}

/** Writes the network trained by local reparameterization as three ONNX files, and `export.json`. */
export async function exportOnnx(stage: Stage): Promise<void> {
  const { folder, say, signal } = stage
  folder.read('run')
  const trained = folder.read('training').models.find((model) => model.name === LRT)
  if (trained === undefined)
    throw new MissingRunFileError(
      `${folder.path} holds no network '${titleOf(LRT)}', the one that is exported: training was stopped before it. Run the command 'train' again.`,
    )
  folder.requireWritable()
  await startBackend(stage)
  await disposing(await loadModel(folder, LRT, trained.sha256), async (model) => {
    const files: ExportedFile[] = []
    for (const kind of Object.keys(KINDS) as OnnxKind[]) {
      signal.throwIfAborted()
      const { file, options, what } = KINDS[kind]
      const bytes = exportModel(model, options)
      folder.writeBytes(file, bytes)
      files.push({ kind, file, bytes: bytes.length, sha256: hashOf(bytes) })
      say(`${file}: ${what}, ${megabytes(bytes.length)}`)
    }
    folder.write('export', { model: LRT, files })
  })
}
