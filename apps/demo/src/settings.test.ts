import { expect, test } from 'vitest'
import { InvalidSettingError } from './errors.ts'
import { chooseSettings } from './settings.ts'

test('the native backend runs all of MNIST and says nothing', () => {
  const { settings, reduced } = chooseSettings('tensorflow', {})
  expect(reduced).toBeNull()
  expect(settings).toMatchObject({
    hidden: 400,
    batchSize: 128,
    samples: 100,
    trainRows: 50_000,
    validationRows: 10_000,
    testRows: 10_000,
  })
})

test.each(['wasm', 'cpu'])('on %s the run is smaller and says so', (backend) => {
  const full = chooseSettings('tensorflow', {}).settings
  const { settings, reduced } = chooseSettings(backend, {})
  for (const name of ['epochs', 'hidden', 'samples', 'trainRows', 'testRows'] as const)
    expect(settings[name]).toBeLessThan(full[name])
  expect(reduced).toMatch(
    new RegExp(`Smaller run, because the backend is '${backend}' and not native: ${settings.trainRows} training`),
  )
})

test('what the user asks for wins, on every size', () => {
  const asked = { seed: 7, epochs: 3, hidden: 33, batchSize: 20, samples: 5 }
  for (const backend of ['tensorflow', 'wasm', 'cpu']) {
    expect(chooseSettings(backend, asked).settings).toMatchObject(asked)
    expect(chooseSettings(backend, { ...asked, tiny: true }).settings).toMatchObject({ ...asked, trainRows: 512 })
  }
})

test.each([
  [{ epochs: 0 }, /epochs is 0; expected a whole number from 1 to 1000/],
  [{ seed: -1 }, /seed is -1/],
  [{ hidden: 2.5 }, /hidden is 2.5/],
  [{ samples: Number.NaN }, /samples is NaN/],
  [{ tiny: true, batchSize: 1000 }, /batchSize is 1000, but this run trains on 512 examples/],
])('%o is refused', (asked, message) => {
  expect(() => chooseSettings('tensorflow', asked)).toThrow(InvalidSettingError)
  expect(() => chooseSettings('tensorflow', asked)).toThrow(message)
})
