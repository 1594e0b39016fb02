import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Feed } from '../predictor/engine.ts'

/** On which execution provider each node of a graph ran. */
export type NodeProviders = ReadonlyMap<string, string>

interface ProfileEvent {
  readonly cat?: string
  readonly name?: string
  readonly args?: { readonly provider?: string; readonly op_name?: string }
}

/**
 * Runs a model once with onnxruntime's profiler and reads from its log where each node ran: what really happened, where `checkCudaKernels` only predicts.
 *
 * @param model the file's bytes, or its path
 * @param providers execution providers in the order of preference
 * @param feeds inputs of the graph
 * @returns provider by node, as the optimized graph has them
 */
export async function profileNodes(
  model: Uint8Array | string,
  providers: readonly string[],
  feeds: Readonly<Record<string, Feed>>,
): Promise<NodeProviders> {
  const { InferenceSession, Tensor } = await import('onnxruntime-node')
  const folder = await mkdtemp(join(tmpdir(), 'tfjs-bayes-profile-'))
  try {
    const session = await InferenceSession.create(model as string, {
      executionProviders: [...providers],
      enableProfiling: true,
      profileFilePrefix: join(folder, 'run'),
    })
    const tensors = Object.fromEntries(
      Object.entries(feeds).map(([name, { data, elementType, shape }]) => [
        name,
        new Tensor(elementType === 'float' ? 'float32' : elementType, data, shape),
      ]),
    )
    await session.run(tensors)
    session.endProfiling()
    await session.release()
    const [log] = await readdir(folder)
    if (log == null) throw new Error('onnxruntime wrote no profile')
    const events = JSON.parse(await readFile(join(folder, log), 'utf8')) as readonly ProfileEvent[]
    const runs = events.filter(({ cat, name, args }) => cat === 'Node' && name?.endsWith('_kernel_time') && args?.provider)
    return new Map(runs.map(({ name, args }) => [name!.slice(0, -'_kernel_time'.length), args!.provider!]))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
