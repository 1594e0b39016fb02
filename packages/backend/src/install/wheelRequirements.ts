import { findCompiler } from './addon.ts'
import { freeBytes } from './cache.ts'
import { findPip } from './pip.ts'
import { megabytes } from './progress.ts'
import type { Missing, Workplace } from './source.ts'
import type { WheelRelease } from './wheelReleases.ts'

const SPARE_BYTES = 100_000_000

/** Everything that a wheel needs and this machine lacks, found before anything is downloaded. */
export async function wheelRequirements(release: WheelRelease, work: Workplace): Promise<Missing[]> {
  const missing = [glibc(release), await compiler(work), await pip(work), disk(release, work)]
  return missing.filter((item) => item !== undefined)
}

function glibc({ glibc: needed }: WheelRelease): Missing | undefined {
  if (needed === undefined) return undefined
  const [major, minor] = glibcVersion()
  if (major > needed[0] || (major === needed[0] && minor >= needed[1])) return undefined
  const found = major === 0 ? 'this system has none (Alpine has musl)' : `this system has ${major}.${minor}`
  return { what: `glibc ${needed.join('.')}`, remedy: `${found}; use a system or image like Debian 12 or Ubuntu 22.04` }
}

/** The version of glibc; [0, 0] on systems without it. */
function glibcVersion(): readonly [number, number] {
  const report = process.report?.getReport() as { header?: { glibcVersionRuntime?: string } } | undefined
  const [major = 0, minor = 0] = (report?.header?.glibcVersionRuntime ?? '0.0').split('.').map(Number)
  return [major, minor]
}

async function compiler({ env }: Workplace): Promise<Missing | undefined> {
  if ((await findCompiler(env)) !== undefined) return undefined
  return {
    what: 'a C++ compiler',
    remedy: '`apt-get install g++`, `dnf install gcc-c++` or `xcode-select --install`; the variable CXX can name another',
  }
}

async function pip({ env }: Workplace): Promise<Missing | undefined> {
  if ((await findPip(env)) !== undefined) return undefined
  return { what: 'pip of Python 3', remedy: '`apt-get install python3-pip`, `dnf install python3-pip`, or python.org' }
}

function disk(release: WheelRelease, { root }: Workplace): Missing | undefined {
  const needed = release.bytes + release.unpackedBytes + SPARE_BYTES
  const free = freeBytes(root)
  if (free >= needed) return undefined
  return {
    what: `${megabytes(needed)} of disk space`,
    remedy: `${megabytes(free)} are free in ${root}; the variable TFJS_BAYES_CACHE can name another folder`,
  }
}
