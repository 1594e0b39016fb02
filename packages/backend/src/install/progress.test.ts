import { expect, test } from 'vitest'
import { megabytes, runStep, terminalProgress } from './progress.ts'

class Screen {
  text = ''
  readonly isTTY: boolean
  readonly columns = 60

  constructor(isTTY: boolean) {
    this.isTTY = isTTY
  }

  write(text: string): void {
    this.text += text
  }
}

const CLEAR = '\r\u001b[2K'

test('piped: plain lines for a step’s start, quarters and end, no control characters', async () => {
  const screen = new Screen(false)
  await runStep(terminalProgress(screen), 'downloading', 400e6, async (update) => {
    for (let done = 0; done <= 400e6; done += 10e6) update(done)
  })
  expect(screen.text.replace(/\d+\.\d s/, 'X s')).toBe(
    'downloading …\ndownloading: 25 % of 400 MB\ndownloading: 50 % of 400 MB\ndownloading: 75 % of 400 MB\ndownloading: done (X s)\n',
  )
})

test('on a terminal: one line that is redrawn within its width, and a last line that stays', async () => {
  const screen = new Screen(true)
  await runStep(terminalProgress(screen), 'downloading', 400e6, async (update) => {
    await new Promise((resolve) => setTimeout(resolve, 120))
    update(100e6)
  })
  const drawn = screen.text.split(CLEAR).slice(1)
  for (const line of drawn) expect(line.trimEnd().length).toBeLessThan(60)
  expect(drawn.some((line) => line.includes('██████░') && line.includes('100 MB of 400 MB'))).toBe(true)
  expect(drawn.at(-1)).toMatch(/^downloading: done \(\d\.\d s\)\n$/)
  expect(screen.text.match(/\n/g)).toHaveLength(1)
})

test('a step that fails ends its line and throws on', async () => {
  for (const isTTY of [false, true]) {
    const screen = new Screen(isTTY)
    const failing = runStep(terminalProgress(screen), 'compiling', undefined, async () => {
      throw new Error('no')
    })
    await expect(failing).rejects.toThrow('no')
    expect(screen.text).toMatch(/compiling: stopped \(\d\.\d s\)\n$/)
  }
})

test('sizes as people read them', () => {
  expect([0, 1.4e6, 274e6, 999e6, 1.19e9].map(megabytes)).toEqual(['0 MB', '1 MB', '274 MB', '999 MB', '1.19 GB'])
})
