import fc from 'fast-check'

const REQUESTED = process.env['TFJS_BAYES_SEED']

/**
 * What property tests draw from. The same in every ordinary run: whether a change may land must not hang on luck.
 * `TFJS_BAYES_SEED=random` looks for new counterexamples, a number repeats such a run.
 */
export const PROPERTY_SEED: number = readSeed(REQUESTED)

/** Makes PROPERTY_SEED the seed of every property that does not name its own. */
export function fixPropertySeed(): void {
  fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: PROPERTY_SEED })
  if (REQUESTED !== undefined) console.log(`property tests: TFJS_BAYES_SEED=${PROPERTY_SEED}`)
}

function readSeed(requested: string | undefined): number {
  if (requested === undefined) return 20
  if (requested === 'random') return Date.now() % 2 ** 31
  if (/^\d+$/.test(requested) && Number(requested) < 2 ** 31) return Number(requested)
  throw new Error(`TFJS_BAYES_SEED is "${requested}"; expected "random" or a whole number below 2^31`)
}
