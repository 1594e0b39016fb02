import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { PROPERTY_SEED } from '@tfjs-bayes/testing'
import { expect, test } from 'vitest'
import { Xoshiro128 } from '../../src/random/xoshiro128.ts'
import { ended, startSource } from './sourceProcess.ts'

const KILLS = 20
/** A process lives this long at most after it has opened its folder. */
const LONGEST_LIFE_MILLISECONDS = 300

test(`killed ${KILLS} times at random moments, a run ends with the bits of one never stopped`, async () => {
  const root = await mkdtemp(path.join(tmpdir(), 'tfjs-bayes-kill-'))
  const random = new Xoshiro128([PROPERTY_SEED, 1, 2, 3])
  const whole = ended(startSource('smallRun.ts', [path.join(root, 'whole')], root))
  const folder = path.join(root, 'killed')
  let kills = 0
  let checkpoints = 0
  while (kills < KILLS) {
    const child = startSource('smallRun.ts', [folder], root)
    const end = ended(child)
    await once(child.stdout!, 'data')
    await new Promise((resolve) => setTimeout(resolve, random.below(LONGEST_LIFE_MILLISECONDS)))
    child.kill('SIGKILL')
    const { signal, code, err } = await end
    // The last life may be long enough to end by itself.
    if (signal !== 'SIGKILL') expect(code, err).toBe(0)
    kills++
    const files = await readdir(folder)
    checkpoints = Math.max(checkpoints, ...files.map((file) => Number(/^checkpoint-(\d+)\.bin$/.exec(file)?.[1] ?? 0)))
    expect(files.filter((file) => file.startsWith('checkpoint-') && file.endsWith('.bin')).length).toBeLessThanOrEqual(3)
  }
  const resumed = await ended(startSource('smallRun.ts', [folder], root))
  const reference = await whole
  expect(resumed.code, `seed ${PROPERTY_SEED}: ${resumed.err}`).toBe(0)
  const result = (out: string): unknown => JSON.parse(out.trim().split('\n').at(-1)!)
  expect(result(resumed.out), `seed ${PROPERTY_SEED}`).toEqual(result(reference.out))
  console.log(`survived ${kills} kills; ${checkpoints} checkpoints were written before the last start (seed ${PROPERTY_SEED})`)
  const lines = (await readFile(path.join(folder, 'metrics.jsonl'), 'utf8')).trim().split('\n')
  expect(lines).toHaveLength(60)
  await rm(root, { recursive: true })
}, 600_000)
