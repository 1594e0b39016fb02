import { expect, test } from 'vitest'
import { Html, html } from './html.ts'

test('values are escaped, markup is not, lists are joined and null is nothing', () => {
  const item = html`<li>${'a < b & "c"'}</li>`
  expect(html`<ul title="${"it's"}">${[item, item]}${null}${3}${new Html('<hr>')}</ul>`.markup).toBe(
    '<ul title="it&#39;s"><li>a &lt; b &amp; &quot;c&quot;</li><li>a &lt; b &amp; &quot;c&quot;</li>3<hr></ul>',
  )
})
