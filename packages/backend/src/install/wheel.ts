import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { InstallError } from '../errors.ts'
import { compileAddon, findCompiler } from './addon.ts'
import { downloadWheel, findPip } from './pip.ts'
import { runStep } from './progress.ts'
import type { Source, Workplace } from './source.ts'
import { unzip } from './unzip.ts'
import type { WheelRelease } from './wheelReleases.ts'
import { wheelRequirements } from './wheelRequirements.ts'

const SCRATCH = 'scratch'

/** The source that takes libtensorflow from TensorFlow's wheel and compiles tfjs-node's addon against it. */
export function wheelSource(release: WheelRelease): Source {
  const { project, version, libraries } = release
  return {
    id: `${project}-${version}`,
    title: `the PyPI wheel ${project} ${version}`,
    missing: (work) => wheelRequirements(release, work),
    make: async (folder, work) => {
      const [compiler, pip] = [await findCompiler(work.env), await findPip(work.env)]
      if (compiler === undefined || pip === undefined) throw new InstallError('requirement-missing', 'compiler or pip went away')
      const scratch = join(folder, SCRATCH)
      mkdirSync(scratch)
      const wheel = await downloadWheel(release, pip, scratch, work)
      await unpackWheel(release, wheel, folder, work)
      rmSync(wheel)
      await runStep(work.progress, `compiling tfjs-node’s addon with ${compiler.command}`, undefined, () =>
        compileAddon(folder, { compiler, headers: join(scratch, 'include'), libraries, scratch }, work),
      )
      return `PyPI wheel ${project} ${version}, addon compiled by ${compiler.version}`
    },
  }
}

/** What stands in for it where there is no wheel. */
export const noWheel: Source = {
  id: 'no-wheel',
  title: 'TensorFlow’s wheel on PyPI',
  missing: async () => [
    {
      what: `a wheel for ${process.platform}-${process.arch}`,
      remedy: 'there is none; docs/native.md lists the platforms that have one',
    },
  ],
  make: async () => {
    throw new InstallError('requirement-missing', `there is no wheel for ${process.platform}-${process.arch}`)
  },
}

/** The headers that tfjs-node's addon includes, and their neighbours: 232 files instead of all 15,000. */
const HEADERS = /^tensorflow\/(include\/(?:tensorflow\/(?:c|core\/platform)|tsl\/platform|xla\/tsl\/c)\/.*\.h)$/

/** Takes the libraries (to deps/lib) and the headers that the addon includes (to scratch/include) out of the wheel. */
async function unpackWheel(release: WheelRelease, wheel: string, folder: string, work: Workplace): Promise<void> {
  const found = new Set<string>()
  const place = (name: string): string | undefined => {
    const library = release.libraries.find((file) => name === `tensorflow/${file}`)
    if (library !== undefined) {
      found.add(library)
      return join('deps', 'lib', library)
    }
    const header = HEADERS.exec(name)?.[1]
    return header === undefined ? undefined : join(SCRATCH, header)
  }
  await runStep(work.progress, 'unpacking its libraries', release.unpackedBytes, (update) =>
    unzip(wheel, place, folder, { onBytes: update, signal: work.signal }),
  )
  const lacking = release.libraries.filter((file) => !found.has(file))
  if (lacking.length > 0) throw new InstallError('archive-damaged', `${release.file} has no ${lacking.join(', ')}`)
}
