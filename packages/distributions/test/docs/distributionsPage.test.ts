import { expect, test } from 'vitest'
import { distributionsPage } from './distributionsPage.ts'

// After a change of the code, `npx vitest run test/docs -u` writes the page anew.
test('docs/distributions.md is what the code says', async () => {
  await expect(`${distributionsPage()}\n`).toMatchFileSnapshot('../../../../docs/distributions.md')
})
